"""What words say about a picture: where it is, when, in which weather, how it feels.

Data only. English words are stored as stems (see `mood.stem`); words of scripts
that do not lend themselves to stemming are found anywhere inside the text.
"""

from typing import Final

STRONG: Final = 1.0
"""Weight of a word that names the thing itself."""

HINT: Final = 0.4
"""Weight of a word that only suggests it, as a fox suggests a wood."""

# On a tie the earlier place wins: a mountain lake is a lake.
PLACES: Final[dict[str, str]] = {
    "lake": "lake river pond stream waterfall reflection fjord creek lagoon 湖 川 河 池 озер "
    "река реки реке",
    "mountain": "mountain mount peak summit alp cliff valley canyon glacier ridge everest "
    "himalaya volcano hill 山 峰 谷 гора горы горах горн вершин",
    "forest": "forest wood jungle pine tree grove rainforest redwood bamboo taiga birch oak "
    "trail 森 林 樹 лес лесу леса лесн джунгл дерев",
    "sea": "sea ocean wave beach coast shore surf harbor harbour bay island tide lighthouse "
    "horizon sail 海 洋 波 浜 岛 島 море моря морск океан берег волн остров",
    "city": "city street town skyline skyscraper downtown alley building rooftop tokyo york "
    "london paris metropolis urban market subway bridge cyberpunk neon traffic taxi 街 市 城 都 "
    "東京 北京 город улиц небоскр москв",
    "desert": "desert dune sand sahara oasis camel caravan cactus mesa wasteland mars martian "
    "砂漠 沙漠 沙 пустын дюн барх",
    "space": "space planet galaxy astronaut orbit nebula cosmo cosmic universe spaceship rocket "
    "satellite asteroid comet supernova interstellar alien moonwalk spacecraft 宇宙 太空 星球 "
    "銀河 космо планет галакт",
    "room": "room studio kitchen office desk table window bedroom library cafe café interior "
    "indoor workshop classroom gallery museum bar restaurant lab laboratory hall stage sofa "
    "部屋 室 房 комнат кухн студи кабинет",
    "sky": "sky cloud balloon airplane plane kite heaven wing flight glider parachute 空 雲 云 "
    "天空 небо небе неба облак",
    "road": "road highway car truck drive motorcycle route asphalt bus race 道 路 дорога дороге "
    "дороги шоссе машин",
    "field": "field meadow farm grass grassland prairie garden park flower wheat harvest "
    "pasture countryside steppe savanna savannah village barn vineyard tulip sunflower lavender "
    "野 草 花 田 поле луг лугу саду цветы цветок деревн",
    "underwater": "underwater coral reef whale fish shark jellyfish submarine dive diver "
    "octopus dolphin seabed 魚 鲸 рыба рыбы киты",
}

PLACE_HINTS: Final[dict[str, str]] = {
    "field": "house cottage horse dog sheep cow rabbit butterfly picnic bee child run barn 犬 "
    "馬 собак лошад конь коня",
    "forest": "fox wolf deer bear owl squirrel cabin camp fairy elf mushroom 狐 狼 лиса лису "
    "лисы лисиц волк медвед",
    "sea": "boat ship pirate gull seagull anchor captain 船 кораб лодк",
    "room": "robot paint painter artist write cook book chair piano coffee cat sleep dance "
    "guitar ロボット 猫 робот кошк котик кот",
    "sky": "bird eagle fly flies soar dragon hawk crane crow angel 鳥 птиц орел дракон",
    "city": "crowd bicycle train café police detective umbrella 電車 поезд",
    "mountain": "climb climber hike snowboard ski skier goat monk castle temple shrine 寺 храм "
    "замок",
    "space": "star telescope ufo 星 звезд звёзд",
}

TIMES: Final[dict[str, str]] = {
    "dawn": "dawn sunrise daybreak morning early 朝 曙 夜明 рассвет утро утра утром",
    "day": "day daylight noon midday afternoon sunny bright summer blue-sky 昼 正午 день днём "
    "полдень",
    "golden": "golden-hour golden autumn harvest late-afternoon amber honey осен золот 秋",
    "sunset": "sunset sundown evening 夕 日没 закат вечер",
    "dusk": "dusk twilight gloam blue-hour nightfall сумерк 黄昏",
    "night": "night midnight moon moonlight moonlit star starry starlit nocturnal dark neon "
    "firefly aurora lantern 夜 月 星 ночь ночи ночн ночью луна луны лунн звезд звёзд",
}

WEATHERS: Final[dict[str, str]] = {
    "snow": "snow snowy snowfall blizzard winter ice icy frozen frost arctic antarctic glacier "
    "ski 雪 冬 冰 氷 снег зима зимой зимн льда льду метел",
    "rain": "rain rainy drizzle downpour wet umbrella monsoon 雨 дожд",
    "storm": "storm stormy thunder lightning hurricane tempest tornado 嵐 雷 暴 шторм буря бури "
    "гроза грозы",
    "fog": "fog foggy mist misty haze hazy smoke smoky steam 霧 雾 霞 туман дыма",
    "clear": "clear cloudless sunny sunlit 晴 ясн солнеч",
}

PARTICLES: Final[dict[str, str]] = {
    "leaves": "autumn fall-leaf leaf leaves foliage october 葉 叶 紅葉 листья листв",
    "petals": "petal blossom cherry sakura spring wedding 桜 樱 лепест",
    "embers": "fire flame ember burn lava volcano explode explosion spark campfire bonfire "
    "forge dragon phoenix 火 炎 огонь огня костер костёр взрыв",
    "fireflies": "firefly fireflies magic magical enchant fairy wonder glow 蛍 萤 магич светляч",
    "confetti": "party birthday confetti carnival celebrate celebration festival fireworks 祭 "
    "праздник",
    "dust": "dust dusty wind sandstorm sunbeam attic 塵 風 пыль пыли ветер",
}

FEELINGS: Final[dict[str, str]] = {
    "warm": "warm cozy cosy love tender soft gentle happy joy joyful smile laugh sweet "
    "nostalgia nostalgic 愛 тепл любов радост",
    "cold": "cold lonely alone sad melancholy empty silent grief forgotten abandon bleak lost "
    "寂 холод одинок груст",
    "grim": "horror scary fear ghost haunt dead death blood war ruin monster evil nightmare "
    "dread 恐 戦 страх ужас войн смерт",
    "vivid": "vivid colorful colourful vibrant rainbow psychedelic neon pop candy cartoon "
    "playful carnival party festival cyberpunk 彩 яркий ярко радуг",
    "calm": "calm quiet still peaceful serene tranquil slow zen dream dreamy meditat rest float "
    "静 平 тихий тихо тихая спокой",
}

ENERGIES: Final[dict[float, str]] = {
    0.45: "stop halt pause calm quiet still peaceful serene tranquil slow slowly rest sleep sit "
    "stand wait 静 тихий тихо тихая",
    0.75: "drift float glide walk breath sway stroll paint 漂 плыв идет идёт",
    1.5: "run race chase rush gallop jump fly flies flow fast dance spin 走 飛 бежит бегут летит "
    "летят танц",
    2.0: "explode explosion crash blast storm roar speed burst shatter battle fight hurricane "
    "爆 взрыв",
}

COLOURS: Final[dict[str, tuple[float, float]]] = {
    "red": (27, 1.2),
    "crimson": (20, 1.2),
    "scarlet": (30, 1.3),
    "orange": (55, 1.2),
    "amber": (70, 1.1),
    "gold": (85, 1.1),
    "yellow": (100, 1.2),
    "lime": (125, 1.2),
    "green": (145, 1.1),
    "emerald": (160, 1.2),
    "teal": (190, 1.0),
    "turquoise": (195, 1.1),
    "cyan": (205, 1.2),
    "blue": (255, 1.1),
    "azure": (240, 1.1),
    "indigo": (275, 1.1),
    "violet": (295, 1.1),
    "purple": (305, 1.2),
    "magenta": (330, 1.3),
    "pink": (355, 1.1),
    "rose": (5, 1.0),
    "brown": (55, 0.6),
    "grey": (255, 0.15),
    "gray": (255, 0.15),
    "silver": (250, 0.2),
    "white": (240, 0.25),
    "black": (270, 0.2),
    "赤": (27, 1.2),
    "青": (255, 1.1),
    "緑": (145, 1.1),
    "красн": (27, 1.2),
    "синий": (260, 1.1),
    "зелен": (145, 1.1),
    "жёлтый": (100, 1.1),
}
"""Colour words: OKLCH hue in degrees, and how saturated beside an ordinary colour."""

FIGURES: Final[dict[str, str]] = {
    "fox": "fox vixen 狐 лиса лису лисы лисиц",
    "wolf": "wolf wolves coyote husky lion tiger leopard cheetah panther 狼 волк",
    "dog": "dog puppy hound retriever sheep lamb pig 犬 狗 собак",
    "cat": "cat kitten 猫 кот котик кошк",
    "horse": "horse stallion mare pony unicorn zebra 馬 马 лошад конь коня",
    "deer": "deer stag moose elk reindeer 鹿 олен",
    "bear": "bear panda cow bison elephant 熊 медвед",
    "camel": "camel caravan 駱駝 骆驼 верблюд",
    "astronaut": "astronaut cosmonaut spaceman spacewalk 宇航 космонавт",
    "robot": "robot android cyborg ロボット 机器人 робот",
    "boat": "boat ship sailboat yacht sail pirate 船 舟 лодка лодке лодки кораб парус",
    "balloon": "balloon airship zeppelin 気球 воздушный",
    "birds": "bird gull seagull eagle crow raven swallow geese goose flock hawk crane 鳥 鸟 "
    "птиц чайк",
    "whale": "whale dolphin orca shark 鯨 鲸 киты кита дельфин",
    "fish": "fish salmon koi 魚 鱼 рыба рыбы",
    "cabin": "cabin house hut cottage barn farmhouse chalet home 小屋 家 дом доме домик",
    "lighthouse": "lighthouse 灯台 灯塔 маяк",
    "car": "car taxi truck van convertible automobile racing-car 車 машин автомоб",
    "rocket": "rocket spaceship spacecraft starship shuttle ロケット 火箭 ракет",
    "woman": "woman girl lady queen princess bride mother grandmother 女 девочк девушк женщин",
    "person": "person man boy child kid people monk detective traveler traveller hiker walker "
    "dancer climber soldier king knight wizard samurai ninja hero couple figure stranger "
    "pilgrim shepherd farmer 人 男 человек мальчик мужчин",
}
"""Words that put a figure into the picture; see `figures.FIGURES`."""

PRONOUNS: Final = frozenset(
    {"it", "he", "she", "they", "him", "her", "them", "its", "his", "their"}
)
"""Words that keep the figure of the shot before."""
