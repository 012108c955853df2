"""Nova: a personalised short-video feed. The ground floor: it knows no app."""
