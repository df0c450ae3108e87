"""The eager face of the Platform: tensors, functions, modules and layers in NumPy, named as torch names them."""
