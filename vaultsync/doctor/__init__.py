"""Look a vault over for what is wrong with it, and mend what can be mended safely."""
