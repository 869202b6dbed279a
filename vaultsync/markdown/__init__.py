"""Markdown: which lines are tasks, where the frontmatter stands, how one line is changed and no other byte."""
