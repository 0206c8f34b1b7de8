"""Control tests of where data lies: buckets, disks, databases, keys, balancers and certificates."""
