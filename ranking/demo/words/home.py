"""Categories of the house: cooking, gardening, crafts, pets."""

from collections.abc import Mapping

from ranking.demo.words.category import Words

COOKING = Words(
    openings=(
        "How I make {} on a busy weeknight",
        "The easiest {} I have ever cooked",
        "I tested four recipes for {} and one won",
        "{} from scratch in a single pan",
        "My grandmother's trick for better {}",
        "What nobody tells you about {}",
        "Cooking {} for twelve people in a tiny kitchen",
    ),
    subjects=(
        "lemon chicken", "mushroom risotto", "garlic flatbread", "roasted tomato soup", "crispy potatoes",
        "chickpea curry", "banana pancakes", "black bean tacos", "cinnamon rolls", "sesame noodles",
        "red lentil dal", "chocolate mousse", "apple crumble", "spinach dumplings",
    ),
    details=(
        "with only five ingredients", "in under twenty minutes", "without turning on the oven",
        "using what was left in the fridge", "for less than a coffee costs",
        "and the secret is in the butter", "even if you always burn the onions", "with one spoon to wash up",
    ),
    tags=(
        "cooking", "recipe", "easyrecipe", "dinner", "homemade", "foodie", "mealprep", "onepan", "baking",
        "vegetarian", "comfortfood", "kitchentips",
    ),
)  # fmt: skip
GARDENING = Words(
    openings=(
        "How to grow {} on a small balcony",
        "Three mistakes I made with {} this spring",
        "Planting {} with my daughter",
        "From seed to table: {} in sixty seconds",
        "Why I gave {} a second chance",
        "The lazy way to look after {}",
    ),
    subjects=(
        "cherry tomatoes", "climbing beans", "lavender", "strawberries", "rosemary", "sunflowers",
        "baby carrots", "winter lettuce", "a lemon tree", "wildflowers", "garlic", "pumpkins",
        "mint that never stops", "sweet peas",
    ),
    details=(
        "in pots I found on the street", "with almost no watering", "and the bees love it",
        "after two years of bad luck", "before the first frost comes", "in soil that is mostly stones",
        "using coffee grounds and patience", "with a time-lapse of the whole summer",
    ),
    tags=(
        "gardening", "plants", "growyourown", "balconygarden", "compost", "seedlings", "plantcare",
        "urbanjungle", "vegetablegarden", "flowers", "springgarden", "greenthumb",
    ),
)  # fmt: skip
CRAFTS = Words(
    openings=(
        "I built {} out of scrap wood",
        "Making {} in one afternoon",
        "How I saved {} from the skip",
        "Watch {} come together from nothing",
        "My first attempt at {} and what I learned",
        "Repairing {} the slow way",
    ),
    subjects=(
        "a reading chair", "a paper lantern", "a bird house", "an old radio case", "a knitted blanket",
        "a standing desk", "a leather wallet", "a stained glass window", "a wooden spoon set",
        "a patchwork jacket", "a clay teapot", "a bookshelf for odd corners", "a rocking horse",
        "a linen lampshade",
    ),
    details=(
        "using hand tools only", "for the price of a sandwich", "and I only hit my thumb once",
        "with glue, pins and stubbornness", "without drilling a single hole",
        "in a workshop the size of a wardrobe", "as a present for my sister",
        "and the last step is my favourite",
    ),
    tags=(
        "diy", "crafts", "handmade", "woodworking", "upcycling", "makersgonnamake", "restoration", "knitting",
        "sewing", "pottery", "workshop", "zerowaste",
    ),
)  # fmt: skip
PETS = Words(
    openings=(
        "Nobody warned me about {}",
        "A quiet morning with {}",
        "Teaching {} to come when called",
        "The moment {} discovered the mirror",
        "What a whole day with {} looks like",
        "I left the camera on for {}",
    ),
    subjects=(
        "my rescue greyhound", "two kittens and a box", "our one-eyed cat", "a very polite parrot",
        "the new puppy", "a rabbit with opinions", "my sister's tortoise", "three hens and a swing",
        "an elderly beagle", "the hamster next door", "a cat who hates Mondays", "our deaf collie",
        "a pony called Biscuit", "the goldfish committee",
    ),
    details=(
        "and the look at the end is priceless", "on the first day in a new home",
        "while I try to work from the sofa", "before anyone has had breakfast",
        "after six months of patient training", "and the sofa did not survive",
        "with a treat in every pocket", "during the biggest storm of the year",
    ),
    tags=(
        "pets", "dogsoftheday", "catlife", "puppy", "rescuedog", "funnyanimals", "kitten", "animallovers",
        "pettraining", "adoptdontshop", "bunny", "birdlife",
    ),
)  # fmt: skip
CATEGORIES: Mapping[str, Words] = {"cooking": COOKING, "gardening": GARDENING, "crafts": CRAFTS, "pets": PETS}
