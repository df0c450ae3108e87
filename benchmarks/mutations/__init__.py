"""Whether the fp32 policy lets a wrong weight through, over the zoo."""
