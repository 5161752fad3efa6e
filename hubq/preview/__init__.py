"""The preview: cards of a release in a browser as the Hub shows them, each number traceable."""
