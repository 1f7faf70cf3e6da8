"""What a person reads and does in the chat of the demo shop."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit

SELLING = "Do you sell my data?"
SELLING_CLAUSE = (
    "We have the right to analyze and commercialize the user database without disclosing your personal information."
)


def test_a_clause_is_quoted_to_the_letter_and_its_link_opens_the_policy_at_that_clause(visit: Visit) -> None:
    visit.say(SELLING)

    quotation = visit.log.get_by_role("figure", name="Analysing and commercialising the user database")
    expect(quotation.locator("blockquote")).to_have_text(SELLING_CLAUSE)
    expect(quotation).to_contain_text("Privacy policy, version ")
    with visit.page.expect_popup() as opened:
        quotation.get_by_role("link", name="Read it in the policy (opens in a new tab)").click()
    policy = opened.value
    clause = policy.locator("#commercialisation")
    expect(clause).to_be_in_viewport()
    expect(clause).to_contain_text(SELLING_CLAUSE)
    background = "element => getComputedStyle(element).backgroundColor"
    assert clause.evaluate(background) != policy.locator("#use").evaluate(background)
    assert clause.evaluate("element => getComputedStyle(element.querySelector('a > span'), '::before').content") == (
        '"Cited clause: "'
    )


def test_an_anonymous_person_is_asked_to_sign_in_and_then_reads_a_masked_summary(visit: Visit) -> None:
    visit.desk.get_by_role("button", name="What do you know about me?").click()
    visit.reads("Please sign in to the shop")
    visit.desk.get_by_role("button", name="Sign in to the shop").click()
    visit.page.get_by_role("button", name="Priya Raman").click()
    visit.reads("You are signed in now.")
    visit.desk.get_by_role("button", name="What do you know about me?").last.click()

    card = visit.log.get_by_role("region", name="What the shop holds about you")
    expect(card.get_by_text("Your account", exact=True)).to_be_visible()
    expect(card.get_by_role("definition").filter(has_text="P•••• R••••").first).to_be_visible()
    expect(card.get_by_text("Not shown here")).to_be_visible()
    expect(card.get_by_text("Risk scores")).to_be_visible()
    for hidden in ("Raman", "priya.raman@example.com"):
        assert hidden not in visit.log.inner_text()
    card.get_by_role("button", name="Open all").click()
    expect(card.get_by_role("button", name="Close all")).to_be_visible()
    assert card.locator("details:not([open])").count() == 0


def test_typed_markup_stays_text_and_nothing_runs(visit: Visit) -> None:
    typed = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script><b>bold</b>"
    visit.say(typed)

    visit.reads(typed)
    visit.page.wait_for_timeout(300)
    assert visit.own_messages() == [typed]
    assert visit.log.locator("img, script, b").count() == 0
    assert "run" not in visit.page.title()


def test_nothing_the_desk_sends_becomes_markup_or_a_link_to_elsewhere(visit: Visit) -> None:
    bad = "<img src=x onerror=alert(1)>"
    citation = {"clause": "x", "version": bad, "title": bad, "quote": bad, "start": 0, "end": 1}
    items = [{"label": bad, "value": bad}]
    visit.answer_with(
        {"text": bad, "citations": [citation | {"url": "javascript:alert(1)"}]},
        {"text": bad, "citations": [citation | {"url": "https://example.com/policy"}]},
        {"text": bad, "choices": [{"id": "1", "label": bad}], "author": "agent"},
        {"card": {"kind": "access_summary", "categories": [{"title": bad, "note": bad, "items": items}]}},
        {"card": {"kind": "receipt", "number": bad, "title": bad, "lines": [bad]}},
        {"card": {"kind": "form", "id": "1", "title": bad, "fields": [{"name": bad, "label": bad, "type": bad}]}},
        {"card": {"kind": "constructor"}},
        {"author": bad, "text": "the last one"},
    )
    visit.ask("Anything", "the last one")

    assert visit.log.locator("img").count() == 0
    assert visit.log.get_by_role("link").count() == 0
    expect(visit.log.get_by_role("button", name=bad)).to_be_visible()
    expect(visit.log.locator("blockquote").first).to_have_text(bad)


def test_a_conversation_needs_no_mouse(visit_as) -> None:
    visit = visit_as()
    keyboard = visit.page.keyboard
    for _ in range(60):
        keyboard.press("Tab")
        if visit.page.evaluate("document.activeElement.localName") == "privacy-desk":
            break
    keyboard.press("Enter")
    expect(visit.input).to_be_focused()
    keyboard.type("Hello,")
    keyboard.press("Shift+Enter")
    keyboard.type("do you sell my data?")
    keyboard.press("Enter")
    expect(visit.log.locator("blockquote")).to_have_text(SELLING_CLAUSE)
    assert visit.own_messages() == ["Hello,\ndo you sell my data?"]
    expect(visit.input).to_be_focused()

    keyboard.press("Escape")
    expect(visit.desk.get_by_role("dialog")).to_be_hidden()
    expect(visit.desk.get_by_role("button", name="Open the privacy desk chat")).to_be_focused()


def test_choices_are_taken_by_keyboard_and_go_out_of_use(visit: Visit) -> None:
    visit.ask("Hello", "What would you like to know or do?")
    chosen = visit.log.get_by_role("button", name="What can you do?")
    other = visit.log.get_by_role("button", name="See what you know about me").first
    for _ in range(5):
        visit.page.keyboard.press("Shift+Tab")
        if chosen.evaluate("element => element === element.getRootNode().activeElement"):
            break
    visit.page.keyboard.press("Enter")

    visit.reads("I answer questions about the shop's privacy policy")
    assert visit.own_messages() == ["Hello", "What can you do?"]
    expect(chosen).to_be_disabled()
    expect(other).to_be_disabled()
    expect(visit.log.get_by_role("button", name="Make a complaint")).to_be_enabled()
    expect(visit.input).to_be_focused()


def test_a_reload_brings_the_conversation_back(visit: Visit) -> None:
    visit.say(SELLING)
    expect(visit.log.locator("blockquote")).to_have_text(SELLING_CLAUSE)
    visit.page.reload()

    expect(visit.log.locator("blockquote")).to_have_text(SELLING_CLAUSE)
    assert visit.own_messages() == [SELLING]
    visit.ask("Thank you", "You are welcome.")
    assert visit.own_messages() == [SELLING, "Thank you"]


def test_a_signed_in_conversation_comes_back_too_and_goes_with_the_sign_out(visit_as) -> None:
    visit = visit_as()
    visit.sign_in("Eva Novak")
    visit.open_chat()
    visit.ask("Hello", "What would you like to know or do?")
    visit.page.reload()
    visit.reads("What would you like to know or do?")
    assert visit.own_messages() == ["Hello"]

    visit.page.get_by_role("button", name="Eva Novak").click()
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.log.get_by_text("What would you like to know or do?")).to_have_count(0)
    assert visit.own_messages() == []
    stored = "Object.entries(sessionStorage).filter(([name]) => name.startsWith('privacy-desk')).map(([name]) => name)"
    assert not [name for name in visit.page.evaluate(stored) if not name.endswith(" open")]


def test_a_page_may_sign_in_with_nothing_but_a_function_that_fetches_a_token(visit: Visit) -> None:
    sign_in = """() => document.querySelector("privacy-desk").signIn(async () => {
        const body = JSON.stringify({ customer_id: "1006" });
        const headers = { "Content-Type": "application/json" };
        const answer = await fetch("/demo/sign-in", { method: "POST", headers, body });
        return (await answer.json()).shop_token;
    })"""
    visit.page.evaluate(sign_in)
    visit.say("What do you know about me?")
    expect(visit.log.get_by_role("definition").filter(has_text="H•••• M••••").first).to_be_visible()

    visit.page.reload()
    visit.page.evaluate(sign_in)
    expect(visit.log.get_by_role("definition").filter(has_text="H•••• M••••").first).to_be_visible()
    assert visit.own_messages() == ["What do you know about me?"]


def test_any_page_holds_the_chat_with_one_script_tag_and_keeps_its_own_styles_out(visit_as) -> None:
    visit = visit_as()
    page = """<!doctype html><title>Elsewhere</title><script src="/static/privacy-desk.js" defer></script>
        <style>* { font-size: 40px; color: red } button, p { display: none }</style><privacy-desk></privacy-desk>"""
    visit.page.route("**/elsewhere", lambda route: route.fulfill(body=page, content_type="text/html"))
    visit.go("/elsewhere")
    visit.open_chat()
    visit.say(SELLING)
    expect(visit.log.locator("blockquote")).to_have_text(SELLING_CLAUSE)
    assert visit.log.locator(".message.user .text").evaluate("element => getComputedStyle(element).fontSize") == "15px"


def test_a_message_that_is_too_long_is_counted_and_not_sent(visit: Visit) -> None:
    visit.input.fill("x" * 3_700)
    expect(visit.desk.get_by_text("300 characters left")).to_be_visible()
    visit.input.fill("x" * 4_001)
    expect(visit.desk.locator(".foot").get_by_text("1 character too many.")).to_be_visible()
    expect(visit.desk.get_by_role("button", name="Send")).to_be_disabled()
    visit.input.press("Enter")
    visit.page.wait_for_timeout(200)
    assert visit.own_messages() == []
