"""The AWS integration: one module for each service, one engine that asks all of them."""
