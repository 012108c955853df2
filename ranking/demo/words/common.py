"""Words that fit every category."""

# Sentences that may follow any title.
CLOSINGS = (
    "Save this one for later",
    "Wait for the end",
    "Part two is on its way",
    "Tell me what you would change",
    "Send this to the friend who needs it",
    "Nobody told me it could be this simple",
    "I wish I had known sooner",
    "Be honest, would you try it?",
    "Full story in the comments",
    "Yes, it really works",
    "Watch it twice",
    "You asked and here it is",
    "Day one of doing this every week",
    "My neighbours still talk about it",
    "No talent required",
    "It took me years to work this out",
    "Which one are you?",
    "This went better than planned",
    "Ask me anything",
    "Small steps count",
)
# The most used first.
TAGS = (
    "foryou", "tips", "howto", "daily", "beginners", "weekend", "satisfying", "storytime", "behindthescenes",
    "learn", "throwback", "challenge", "oddlyspecific", "firsttry", "slowlife",
)  # fmt: skip
SOUND_MOODS = (
    "Slow", "Golden", "Midnight", "Paper", "Velvet", "Northern", "Restless", "Quiet", "Electric", "Borrowed",
    "Faded", "Summer", "Hollow", "Silver", "Dizzy",
)  # fmt: skip
SOUND_THINGS = (
    "Rain", "Staircase", "Harbour", "Bicycle", "Lanterns", "Postcards", "Kitchen", "Skyline", "Orchard",
    "Tram", "Balcony", "Tides", "Rooftop", "Fireflies", "Marmalade",
)  # fmt: skip
