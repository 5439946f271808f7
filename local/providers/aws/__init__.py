"""Stand-in for the `aws` provider: pulumi-aws types against the emulated AWS, through boto3."""
