"""Deciding: base, notes and rows in, a plan out."""
