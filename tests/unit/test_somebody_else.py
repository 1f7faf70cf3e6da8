"""Who asks for another person's data is told so; who only mentions somebody is not."""

import pytest

from bot.privacy.somebody_else import asks_for_another


@pytest.mark.parametrize(
    "said",
    [
        "my mother died in May, please delete her account",
        "My late father has no use for it any more: close his account",
        "my husband wants his data deleted",
        "delete my mum’s account",
        "please erase the data of my 12 year old son",
        "send me a copy of my daughter's data",
        "I write as the executor of the late Ms Hartley",
        "close the account on behalf of my client",
        "correct the address of my step-brother",
        "Delete her data, please",
        "this is not my account, it belongs to my mum, close it",
        "delete the data of Mrs Miller",
        "as her carer I want to see Mrs Miller's data",
        "I write for my grandfather, he wants no more newsletters",
        "delete my colleague Ann's reviews",
    ],
)
def test_another_persons_data_is_seen(said):
    assert asks_for_another(said)


@pytest.mark.parametrize(
    "said",
    [
        "delete my data",
        "My husband used my account, delete my data",
        "my friend told me you sell data. Delete mine",
        "my boss reads my mails, close my account",
        "my wife and I ordered here, delete my account",
        "Correct my address, I live with my mother now",
        "I want a copy of my data as my lawyer told me to",
        "send me a copy of my order history",
        "my wife shares this account, delete my data",
        "I married, and my husband's name is mine now: please change my surname",
        "I share the account with my husband, he is fine with it. delete my data",
    ],
)
def test_ones_own_data_is_not_taken_for_another_persons(said):
    assert not asks_for_another(said)
