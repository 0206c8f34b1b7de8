"""The vocabulary: types and ports, standard library only, no input or output."""
