"""Categories of the mind and the mirror: fashion, comedy, science, gaming."""

from collections.abc import Mapping

from ranking.demo.words.category import Words

FASHION = Words(
    openings=(
        "Five ways to wear {}",
        "I found {} in a charity shop",
        "How to style {} for work",
        "Getting dressed around {}",
        "My honest opinion on {}",
        "{} from morning to midnight",
    ),
    subjects=(
        "a trench coat", "white linen trousers", "one black dress", "chunky loafers", "an oversized blazer",
        "silk scarves", "a denim shirt", "my father's cardigan", "wide-leg jeans", "a pleated skirt",
        "rain boots", "a waistcoat", "gold hoops", "a knitted vest",
    ),
    details=(
        "without buying anything new", "when the weather cannot decide", "for people who hate shopping",
        "on a student budget", "and two of the looks surprised me", "if you are under five foot three",
        "in colours I never dared to wear", "with a capsule of twelve pieces",
    ),
    tags=(
        "fashion", "ootd", "outfitideas", "thrifted", "capsulewardrobe", "styletips", "vintage",
        "slowfashion", "workwear", "streetstyle", "autumnoutfits", "getreadywithme",
    ),
)  # fmt: skip
COMEDY = Words(
    openings=(
        "When {} gets out of hand",
        "Every family during {}",
        "POV: you are trapped in {}",
        "If {} were honest",
        "Me pretending to enjoy {}",
        "My impression of {}",
    ),
    subjects=(
        "a group chat about dinner", "the office birthday song", "a three-hour queue", "parents' evening",
        "a video call with grandma", "flat-pack furniture night", "the self-checkout",
        "a surprise inspection", "a gym induction", "the neighbourhood meeting", "a silent lift",
        "the wedding speech", "a camping weekend", "the printer at work",
    ),
    details=(
        "and nobody knows how to leave", "in one take with three wigs", "based on a painfully true story",
        "while the dog judges everyone", "and it gets worse every second",
        "starring my very patient flatmate", "with an ending I did not plan", "as performed by a tired nurse",
    ),
    tags=(
        "comedy", "funny", "sketch", "relatable", "officehumour", "familylife", "pov", "standup",
        "impressions", "awkward", "dadjokes", "flatmates",
    ),
)  # fmt: skip
SCIENCE = Words(
    openings=(
        "What really happens inside {}",
        "The strange physics of {}",
        "{} explained with kitchen objects",
        "We filmed {} at a thousand frames a second",
        "Why scientists still argue about {}",
        "A one-minute history of {}",
    ),
    subjects=(
        "a soap bubble", "a lightning strike", "the deep sea", "a spinning coin", "the northern lights",
        "an ant colony", "a black hole", "a beating heart", "frozen light bulbs", "a drop of honey",
        "the Moon's far side", "a sleeping brain", "volcanic glass", "a tuning fork in water",
    ),
    details=(
        "and the answer is not what you think", "in the simplest words I could find",
        "with an experiment you can do at home", "using nothing but a phone camera",
        "and my students did not believe it", "starting with a question from a six-year-old",
        "without a single equation", "straight from the lab bench",
    ),
    tags=(
        "science", "physics", "learnsomething", "experiment", "space", "chemistry", "biology", "slowmotion",
        "didyouknow", "astronomy", "ocean", "curious",
    ),
)  # fmt: skip
GAMING = Words(
    openings=(
        "I spent a hundred hours on {}",
        "The secret behind {}",
        "How to beat {} on your first try",
        "Ranking every version of {}",
        "My grandmother takes on {}",
        "Nobody expected {} to end like this",
    ),
    subjects=(
        "the final boss", "a no-damage run", "the water level", "co-op with a stranger",
        "a city built from one road", "the longest puzzle", "a speedrun without jumps", "retro racing",
        "the hidden ending", "a farm that runs itself", "the impossible tower", "split-screen chess",
        "the haunted lighthouse", "a pacifist playthrough",
    ),
    details=(
        "with a controller that barely works", "and chat lost its mind", "on the highest difficulty",
        "using only the starting items", "while my cat sits on the keyboard",
        "one second before the timer ran out", "with a build everyone called useless",
        "after the map changed overnight",
    ),
    tags=(
        "gaming", "gamer", "speedrun", "gamingtips", "retrogaming", "indiegames", "bossfight", "coop",
        "puzzlegame", "letsplay", "hiddenending", "pixelart",
    ),
)  # fmt: skip
CATEGORIES: Mapping[str, Words] = {"fashion": FASHION, "comedy": COMEDY, "science": SCIENCE, "gaming": GAMING}
