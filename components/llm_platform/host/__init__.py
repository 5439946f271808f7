"""The library as a plugin: its components for programs in any language of Pulumi."""
