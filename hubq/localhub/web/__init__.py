"""The pages a person opens: the list of repos, the rendered card, files, history, discussions."""
