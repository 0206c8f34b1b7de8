"""The transparency log: its Merkle tree, signed checkpoints, proofs, time stamps, packages and their verifier."""
