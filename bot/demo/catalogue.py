"""What the invented shop sells, and the invented names that its other customers are made of."""

from decimal import Decimal

CATEGORIES: tuple[tuple[int, int | None, str], ...] = (
    (1, None, "Home"),
    (2, 1, "Kitchen"),
    (3, 1, "Garden"),
    (4, None, "Outdoor"),
    (5, None, "Books and paper"),
)

PRODUCTS: tuple[tuple[int, int, str, Decimal], ...] = (
    (1, 2, "Enamel kettle", Decimal("39.00")),
    (2, 2, "Walnut chopping board", Decimal("28.50")),
    (3, 2, "Linen tea towel", Decimal("9.90")),
    (4, 2, "Stoneware mug", Decimal("14.00")),
    (5, 3, "Copper watering can", Decimal("45.00")),
    (6, 3, "Pruning shears", Decimal("24.00")),
    (7, 4, "Wool picnic blanket", Decimal("62.00")),
    (8, 4, "Steel flask", Decimal("26.50")),
    (9, 4, "Head torch", Decimal("33.00")),
    (10, 5, "Dotted notebook", Decimal("11.50")),
    (11, 5, "Brass pen", Decimal("48.00")),
    (12, 5, "Wall calendar", Decimal("17.00")),
)

SEGMENTS: tuple[tuple[int, str], ...] = ((1, "Likely to buy again"), (2, "Gift buyer"), (3, "Price sensitive"))

FIRST_NAMES = (
    "Ada", "Bea", "Callum", "Dora", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jamal",
    "Karin", "Liam", "Mina", "Nils", "Oona", "Pavel", "Quinn", "Rosa", "Samir", "Thea",
)  # fmt: skip
LAST_NAMES = ("Abbott", "Brandt", "Castle", "Dunmore", "Ekström", "Ferrante", "Grove", "Hollis", "Ivers", "Juarez")
STREETS = ("Mill Lane", "Station Road", "Orchard Close", "Harbour Street", "Chapel Hill", "Juniper Way")
TOWNS = (("Ashbourne Vale", "AV1"), ("Port Merrow", "PM4"), ("Kingsfield", "KF7"), ("Little Tarn", "LT2"))
COMMENTS = (
    "Exactly as pictured, and it arrived early.",
    "Good quality, but smaller than I expected.",
    "My second one. The first still works after years.",
    "A bit heavy, otherwise very pleased.",
)
SEARCHES = ("birthday present", "camping stove", "tea towel", "waterproof boots", "notebook dotted")
