"""The command line: arguments in, exit codes and text out; no rules of the domain."""
