"""Language models: typed answers from whichever configured provider answers first."""
