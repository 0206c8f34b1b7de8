"""Clusters of Kubernetes: their API servers, roles, pods and networks."""
