"""Pulumi components for an LLM platform on AWS EKS."""
