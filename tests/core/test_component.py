"""Components: ports from a signature, one code path, never half an output, work that is done is not repeated."""
