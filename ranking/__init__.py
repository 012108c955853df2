"""What you should see: candidates, scoring, and the feed."""
