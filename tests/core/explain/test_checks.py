from core.explain.checks import load_checks


def test_the_published_checks_were_passed_and_are_told():
    found = load_checks()
    assert found.definition < 1e-6 and found.shap < 1e-6 and found.items >= 50
    assert 0 < found.redrawn < 0.2 * found.value
    assert f"{found.definition:.0e} in log units" in found.sentence
    assert found.catalog in found.sentence and found.date in found.sentence
