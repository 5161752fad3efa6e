"""Text of cards: what the Hub makes of Markdown and front matter, and text made safe for it."""
