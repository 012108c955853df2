"""Categories of movement: travel, football, fitness, dance."""

from collections.abc import Mapping

from ranking.demo.words.category import Words

TRAVEL = Words(
    openings=(
        "48 hours in {}",
        "What I spent during a week in {}",
        "The view nobody shows you of {}",
        "Waking up in {}",
        "Five things to know before you see {}",
        "I took the slow train to {}",
        "Getting lost in {}",
    ),
    subjects=(
        "a fishing village in Portugal", "the old town of Tallinn", "the tea hills of Sri Lanka",
        "a mountain hut in Slovenia", "the Scottish islands", "a night market in Taipei",
        "the salt flats of Bolivia", "the back streets of Naples", "a desert camp in Jordan",
        "the fjords of Norway", "the lakes of Patagonia", "a cave hotel in Cappadocia",
        "the rice terraces of Vietnam", "the rooftops of Marrakesh",
    ),
    details=(
        "with nothing but hand luggage", "on a very small budget", "before the crowds arrive",
        "in the rain and still worth it", "and the breakfast alone was worth the trip",
        "travelling on my own at sixty", "with two toddlers and a folding map",
        "where the last bus leaves at noon",
    ),
    tags=(
        "travel", "wanderlust", "hiddengems", "traveltips", "solotravel", "budgettravel", "slowtravel",
        "trainjourney", "weekendtrip", "backpacking", "islandlife", "roadtrip",
    ),
)  # fmt: skip
FOOTBALL = Words(
    openings=(
        "How to master {} in ten minutes a day",
        "The drill that fixed {} for our under-twelves",
        "{} explained by a goalkeeper",
        "We tried {} in the mud on Sunday",
        "Why most teams get {} wrong",
        "Slow motion of {} from behind the goal",
    ),
    subjects=(
        "the first touch", "curling free kicks", "the overlapping run", "penalties under pressure",
        "the offside trap", "weak-foot volleys", "the long throw-in", "quick one-twos", "near-post corners",
        "defending one against one", "the half-space pass", "goal kicks to feet", "the chip from distance",
        "counter-attacks in three passes",
    ),
    details=(
        "filmed from the halfway line", "with two cones and a wall", "in the last minute of the cup game",
        "even on a terrible pitch", "as our coach showed it in training", "and the whole bench went wild",
        "at a Sunday league level", "after a season on the sidelines",
    ),
    tags=(
        "football", "soccer", "footballskills", "training", "goals", "freekick", "sundayleague", "goalkeeper",
        "grassroots", "tactics", "matchday", "footballdrills",
    ),
)  # fmt: skip
FITNESS = Words(
    openings=(
        "Why your {} will not improve",
        "Thirty days of {}",
        "A gentle plan for {}",
        "The one cue that changed my {}",
        "My physiotherapist explains {}",
        "Ten quiet minutes of {}",
    ),
    subjects=(
        "push-up form", "morning stretching", "5 km running", "kettlebell swings", "plank technique",
        "hip mobility", "pull-up training", "rope skipping", "squat depth", "balance work",
        "lower back strength", "interval cycling", "yoga for stiff people", "stair climbing",
    ),
    details=(
        "with no equipment at all", "in a room of two square metres", "starting from absolute zero",
        "without waking the neighbours", "and my knees say thank you", "before the first meeting of the day",
        "at fifty-eight and counting", "with a warm-up you will not skip",
    ),
    tags=(
        "fitness", "workout", "homeworkout", "mobility", "running", "strength", "yoga", "stretching", "nogym",
        "morningroutine", "couchto5k", "corestrength",
    ),
)  # fmt: skip
DANCE = Words(
    openings=(
        "Learn {} in four counts",
        "My mother teaches me {}",
        "From zero to {} in one month",
        "{} in the supermarket aisle",
        "We filmed {} in one take",
        "The hardest part of {} is the smile",
    ),
    subjects=(
        "the shuffle basic", "a slow salsa turn", "the tap riff", "a hip-hop groove", "the swing-out",
        "ballet at the kitchen counter", "the moonwalk glide", "a street waltz", "folk steps from my village",
        "the body wave", "a bachata routine", "the popping basics", "a wedding choreography",
        "the line dance everybody knows",
    ),
    details=(
        "with two left feet", "in socks on a wooden floor", "counting out loud all the way",
        "after forty-one failed attempts", "and my dad joins in at the chorus", "on the night bus home",
        "before the rain ruined the set", "with the whole dance class behind me",
    ),
    tags=(
        "dance", "dancetutorial", "choreography", "dancechallenge", "hiphop", "salsa", "ballet", "shuffle",
        "danceclass", "freestyle", "swingdance", "practice",
    ),
)  # fmt: skip
CATEGORIES: Mapping[str, Words] = {"travel": TRAVEL, "football": FOOTBALL, "fitness": FITNESS, "dance": DANCE}
