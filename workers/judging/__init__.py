"""What a device gave, held against the goldens: comparison, evidence, each layer, and the first one that diverged."""
