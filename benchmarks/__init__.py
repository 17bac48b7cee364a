"""What the product costs, measured beside what it replaces. Figures are printed, never tuned, and fail nothing."""
