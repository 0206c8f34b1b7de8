"""What the scanners say of vulnerabilities, merged into the few decisions that matter. Pure: no I/O, no clock."""
