"""wger's words for muscles, equipment and body parts, ours, and words in names that tell a kind."""


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


MUSCLES = {
    "anterior deltoid": "shoulders",
    "biceps brachii": "biceps",
    "biceps femoris": "hamstrings",
    "brachialis": "biceps",
    "erector spinae": "lower back",
    "gastrocnemius": "calves",
    "gluteus maximus": "glutes",
    "latissimus dorsi": "lats",
    "obliquus externus abdominis": "obliques",
    "pectoralis major": "chest",
    "quadriceps femoris": "quadriceps",
    "rectus abdominis": "core",
    "serratus anterior": "chest",
    "soleus": "calves",
    "trapezius": "traps",
    "triceps brachii": "triceps",
    # the English names, should a server have other Latin ones
    "abs": "core",
    "quads": "quadriceps",
}
"""By name in lower case. What is not here keeps its English name."""

EQUIPMENT = {
    "cable machine": "cable",
    "resistance band": "band",
    "sz-bar": "ez bar",
    "none (bodyweight exercise)": "bodyweight",
    "none": "bodyweight",
}
"""By name in lower case. What is not here keeps its name."""

LOADS = (
    "barbell",
    "ez bar",
    "trap bar",
    "dumbbell",
    "kettlebell",
    "cable",
    "smith machine",
    "machine",
    "band",
    "medicine ball",
)
"""What is moved: the main piece of equipment, the first of these if there are several."""

SUPPORTS = ("bodyweight", "pull-up bar", "swiss ball", "bench", "incline bench", "gym mat")
"""What one lies on or hangs from: the main piece only without anything else."""

WEIGHTS = {"barbell", "ez bar", "trap bar", "dumbbell", "kettlebell", "medicine ball"}
"""What is held for a time, and how heavy it is matters."""

WEIGHTLESS = {*SUPPORTS, "none", "ab wheel", "foam roller"}
"""What has no weight to choose."""

EQUIPMENT_IN_NAMES = {
    "ez bar": ["ez bar", "sz bar"],
    "trap bar": ["trap bar", "hex bar"],
    "barbell": ["barbell", "landmine"],
    "dumbbell": ["dumbbell", "dumbbells", "db"],
    "kettlebell": ["kettlebell", "kettlebells", "kb"],
    "cable": ["cable", "cables"],
    "smith machine": ["smith"],
    "machine": ["machine", "pec deck"],
    "band": ["band", "bands", "banded"],
    "medicine ball": ["medicine ball", "med ball"],
}
"""Words of a name that tell the equipment of an entry which lists none."""

BODY_PARTS = {"abs": "core"}
"""wger's categories in lower case; what is not here is a body part's name with us, too."""

STRETCHING = _each("stretch stretches stretching yoga pose mobility flexibility")
"""Words of a name or of wger's category that make an exercise one for flexibility."""

ENDURANCE = [
    "run",
    "running",
    "jog",
    "jogging",
    "sprint",
    "sprints",
    "treadmill",
    "elliptical",
    "cycling",
    "jump rope",
    "rope skipping",
    "skipping rope",
    "burpee",
    "burpees",
    "jumping jack",
    "jumping jacks",
]
"""Words of a name that make an exercise cardio, as wger's category of that name does."""

ON_THE_WAY = _each("run running jog jogging sprint sprints treadmill cycling") | _each(
    "cycle bicycle bike swim swimming walk walking hike hiking row rowing rower skating"
)
"""Words of a cardio exercise's name by which it counts metres."""

CARRYING = _each("carry carries walk walks crawl crawls sled prowler")
"""Words of any other exercise's name by which it counts metres ..."""

ON_THE_SPOT = _each("band hand lateral lunge lunges monster plank wall")
"""... unless one of these stands beside them."""

HOLDING = _each("hold holds isometric isometrics isometry static")
"""Words of a name by which an exercise counts seconds."""

STILL = ["plank", "hang", "wall sit", "l sit", "front lever", "back lever", "hollow body"]
"""Words by which it does so ..."""

MOVING = _each(
    "clean climb climber climbers crunch crunches curl curls dip dips drag jack jacks kick kicks "
    "lift lifts lunge lunges press pull pulls pullup pullups push pushup pushups raise raises "
    "reach rock rocks rollout rotation rotations row rows saw shrug shrugs snatch squat squats "
    "step steps tap taps twist twists up ups walk walks"
)
"""... unless one of these stands beside them."""

# The words that tell a measure are compared in the singular.

LIFTING_ONESELF = ["pull up", "pullup", "chin up", "chinup", "muscle up", "push up", "pushup"]
LIFTING_ONESELF += ["press up", "dip", "inverted row", "back extension", "hyperextension"]
LIFTING_ONESELF += ["glute bridge", "nordic", "pistol squat", "russian twist"]
"""Words of exercises that are done with the body's weight, to which more may be added."""

ASSISTED = ["assisted"]
"""Words by which weight is taken off."""

WEIGHTED = ["weighted", "loaded"]
"""Words by which weight is added to what is held."""

LOADED = ["carry", "farmer", "suitcase", "sled", "prowler", "yoke"]
"""Words by which something is moved over a distance."""

REPEATED = ["burpee", "burpees", "jumping jack", "jumping jacks"]
"""Cardio exercises that count repetitions; any other without a way counts seconds."""
