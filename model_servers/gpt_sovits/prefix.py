"""What the names of the server's variables begin with; by itself: deploying needs boto3 alone."""

PREFIX = "SERVE_GPT_SOVITS_"
