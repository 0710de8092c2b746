"""Shopify, Google Merchant, H&M, styles.csv and VISUELLE, each from a few rows."""

import datetime

import pytest

from core.catalog import Role
from core.catalog.importing import inspect_source
from core.errors import CatalogError

# --- Shopify ----------------------------------------------------------------------------------

LEGACY = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
Variant SKU,Variant Price,Variant Compare At Price,Image Src,Image Position,Variant Image,My Field
red-dress,Red Dress,"<p>A <b>nice</b> dress</p>",Acme,Dresses,"a, b",Size,S,Color,Red,R-S,19.90,\
29.90,https://x/1.jpg,2,https://x/v.jpg,keep
red-dress,,,,,,,M,,Blue,R-M,18.90,,https://x/0.jpg,1,,
red-dress,,,,,,,,,,,,,https://x/3.jpg,3,,
tee,=Tee,,Beta,Tops,,Title,Default Title,,,T1,abc,,,,,x
,,,,,,,,,,,5,,,,,
"""
CURRENT = """\
Title,URL handle,Description,Vendor,Product category,Type,Option1 name,Option1 value,SKU,Price,\
Compare-at price,Product image URL,Image position,Variant image URL,\
Color (product.metafields.shopify.color-pattern),Google Shopping / Gender
Red Dress,red-dress,<p>Nice</p>,Acme,Apparel > Dresses,,Size,S,R-S,19.90,,https://x/1.jpg,1,,red,female
,red-dress,,,,,,M,R-M,21.00,,,,,,
Sun Hat,,,Beta,Apparel > Hats,,Title,Default Title,H,9,,,,,straw,unisex
"""


def test_shopify_products_are_joined_by_handle(table, load):
    report = load(table(LEGACY))
    assert report.format == "shopify"
    assert (report.read, report.items, report.merged) == (5, 2, 2)
    assert report.skipped == {"no item id": 1}
    catalog = report.catalog
    dress = catalog.frame.iloc[0]
    assert list(catalog.ids) == ["red-dress", "tee"]
    assert dress["Variant Price"] == 18.9
    assert dress["variants"] == 2.0, "a row that only adds a photo is no variant"
    assert dress["Color"] == "Red, Blue"
    assert dress["photos"].split("|") == [f"https://x/{n}.jpg" for n in ("0", "1", "3", "v")]
    assert dress["Body (HTML)"] == "A nice dress"
    assert catalog.frame["Title"][1] == "=Tee"
    assert "Size" not in catalog.roles, "sizes say nothing of a style"
    assert catalog.roles["Color"] == Role.ATTRIBUTE
    assert catalog.post_launch == {"Variant Compare At Price"}
    assert [str(i) for i in report.issues if not i.skipped] == [
        "range.csv, row 5, column “Variant Price”: “abc” is not a price; the cell was left empty"
    ]


def test_shopify_columns_that_are_not_understood_are_kept_in_their_order(table, load):
    frame = load(table(LEGACY)).catalog.frame
    header = LEGACY.splitlines()[0].split(",")
    assert [c for c in frame.columns if c in header] == header
    assert list(frame["My Field"]) == ["keep", "x"]


def test_shopifys_current_header(table, load):
    report = load(table(CURRENT))
    assert report.format == "shopify"
    assert (report.items, report.merged) == (2, 1)
    catalog = report.catalog
    assert list(catalog.ids) == ["red-dress", "sun-hat"]
    assert "made from the title" in report.issues[0].kind
    assert catalog.roles["Product category"] == Role.CATEGORY
    assert catalog.roles["Color (product.metafields.shopify.color-pattern)"] == Role.ATTRIBUTE
    assert catalog.roles["Google Shopping / Gender"] == Role.ATTRIBUTE
    assert catalog.frame["Price"][0] == 19.9


def test_what_a_shop_added_to_the_export_is_understood(table, load):
    source = table(
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Season,Status,Units sold"
        "\n"
        "a,Dress,Size,S,a1,9,AW26,active,5\na,,,M,a2,9,,,7\nb,Coat,Size,S,b1,9,SS26,active,2\n"
    )
    report = load(source)
    catalog = report.catalog
    assert catalog.roles["Season"] == Role.ATTRIBUTE
    assert "Status" not in catalog.roles
    assert (catalog.column(Role.TARGET), catalog.target().tolist()) == ("Units sold", [12.0, 2.0])
    assert any("summed over the variants" in n for n in report.notes)


# --- Google Merchant --------------------------------------------------------------------------

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>01</g:id><g:title>Dress</g:title><g:description>&lt;p&gt;Nice&lt;/p&gt;</g:description>
<g:price>1,015.00 USD</g:price><g:sale_price>9 USD</g:sale_price>
<g:image_link>http://x/1.jpg</g:image_link>
<g:additional_image_link>http://x/2.jpg</g:additional_image_link>
<g:additional_image_link>http://x/3.jpg</g:additional_image_link>
<g:shipping><g:country>US</g:country><g:price>5 USD</g:price></g:shipping>
<g:item_group_id>G</g:item_group_id><g:color>Red</g:color><g:custom_label_0>top</g:custom_label_0>
<g:product_type>Apparel &gt; Dresses</g:product_type>
<g:availability>in_stock</g:availability></item>
<item><g:title>No id</g:title></item>
<item><g:id>01</g:id><title>Again</title></item>
</channel></rss>
"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Shop</title><entry><g:id>A</g:id><title>Dress</title><summary>Nice</summary>
<link href="http://x/a"/><g:price>12,50 EUR</g:price></entry></feed>
"""
TSV = (
    "id\ttitle\tdescription\tlink\timage link\tadditional_image_link\tprice\tavailability\n"
    "007\tDress\tNice, long\thttp://x/7\thttp://x/7.jpg\thttp://x/8.jpg,http://x/9.jpg\t15.00 USD"
    "\tin_stock\n"
    "008\tCoat\tWarm\thttp://x/8\thttp://x/8.jpg\t\t25.00 USD\tout_of_stock\n"
)


def test_a_google_feed_in_rss(table, load):
    report = load(table(RSS, name="feed.xml"))
    assert report.format == "google"
    assert (report.read, report.items) == (3, 1)
    assert [i.row for i in report.issues] == [2, 3]
    catalog = report.catalog
    item = catalog.frame.iloc[0]
    assert list(catalog.ids) == ["01"]
    assert (item["price"], catalog.currency) == (1015.0, "USD")
    assert item["description"] == "Nice"
    assert item["additional_image_link"] == "http://x/2.jpg|http://x/3.jpg"
    assert item["shipping"] == "country: US, price: 5 USD"
    assert catalog.roles["item_group_id"] == Role.GROUP
    assert catalog.roles["product_type"] == Role.CATEGORY
    assert "custom_label_0" not in catalog.roles
    assert catalog.post_launch == {"availability", "sale_price"}


def test_a_google_feed_in_atom(table, load):
    report = load(table(ATOM, name="feed.atom"))
    assert report.catalog.frame.iloc[0][["id", "title", "price", "link"]].tolist() == [
        "A",
        "Dress",
        12.5,
        "http://x/a",
    ]
    assert report.catalog.currency == "EUR"


def test_a_google_feed_as_text(table, load):
    report = load(table(TSV, name="feed.txt"))
    assert report.format == "google"
    assert list(report.catalog.ids) == ["007", "008"]
    assert report.catalog.frame["additional_image_link"][0] == "http://x/8.jpg|http://x/9.jpg"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RSS[:400], r"not well-formed XML at line \d+, column \d+"),
        ("<rss><channel></channel></rss>", "holds no <item> or <entry>"),
        (
            '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss><item>&b;</item></rss>',
            "declares entities",
        ),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><item>&a;</item></rss>',
            "declares entities",
        ),
    ],
)
def test_a_damaged_or_hostile_feed_is_refused(table, load, content, said):
    with pytest.raises(CatalogError, match=said):
        load(table(content, name="feed.xml"))


# --- H&M --------------------------------------------------------------------------------------

ARTICLES = """\
article_id,product_code,prod_name,product_type_name,colour_group_name,detail_desc
0108775015,0108775,Strap top,Vest top,Black,"Jersey, narrow"
0108775044,0108775,Strap top,Vest top,White,Jersey
0110065001,0110065,Bra,Bra,Black,Lace
0110065002,0110065,Bra,Bra,White,Lace
"""
SOLD = """\
t_dat,customer_id,article_id,price,sales_channel_id
2020-06-01,c1,0108775015,0.05,1
2020-06-01,c2,0108775015,0.04,1
2020-06-02,c1,0108775015,0.03,2
2020-06-03,c1,0108775044,0.05,1
2020-06-09,c1,0110065001,0.02,1
2020-06-09,c1,0999999999,0.02,1
"""


@pytest.fixture
def hm(table):
    table(ARTICLES, name="articles.csv")
    return table(SOLD, name="transactions_train.csv").parent


def test_hm_counts_units_and_keeps_ids_as_text(hm, load, photo):
    photo("images/010/0108775015.jpg")
    report = load(hm)
    catalog = report.catalog
    assert report.format == "hm"
    assert next(iter(catalog.ids)) == "0108775015"
    assert catalog.target().fillna(-1).tolist() == [3.0, 1.0, 1.0, -1.0]
    assert catalog.frame["first_price"][0] == 0.05
    assert str(catalog.frame["first_sold"][0].date()) == "2020-06-01"
    assert catalog.frame["image"].fillna("").tolist() == ["010/0108775015.jpg", "", "", ""]
    assert (catalog.column(Role.GROUP), catalog.column(Role.TITLE)) == ("product_code", "prod_name")
    assert catalog.post_launch == frozenset()
    assert any("1 transactions are of articles that are not" in n for n in report.notes)
    assert catalog.provenance["window_start"] == "2020-06-01"


def test_hm_price_is_that_of_the_first_sale_however_many_follow(hm, table, load):
    header, *rows = SOLD.splitlines()
    later = ["2020-06-05,c7,0108775015,0.09,1", "2020-06-07,c7,0108775044,0.01,1"]
    table("\n".join([header, *later, *rows]) + "\n", name="transactions_train.csv")
    frame = load(hm).catalog.frame
    assert frame["first_price"].fillna(-1).tolist() == [0.05, 0.05, 0.02, -1]


def test_hm_in_a_window_leaves_out_what_was_not_yet_on_sale(hm, load):
    window = (datetime.date(2020, 6, 2), datetime.date(2020, 6, 3))
    report = load(hm, window=window)
    assert report.catalog.target().fillna(-1).tolist() == [1.0, 1.0, -1.0, -1.0]
    assert any("from 2020-06-02 to 2020-06-03: 2 of 6 transactions" in n for n in report.notes)


def test_hm_window_outside_the_data_is_refused(hm, load):
    day = datetime.date(2021, 1, 1)
    with pytest.raises(CatalogError, match="run from 2020-06-01 to 2020-06-09"):
        load(hm, window=(day, day))


def test_hm_ids_that_lost_their_zero_in_one_table_still_meet(table, load):
    table(ARTICLES, name="articles.csv")
    folder = table(SOLD.replace(",0", ","), name="transactions_train.csv").parent
    assert load(folder).catalog.target().fillna(-1).tolist() == [3.0, 1.0, 1.0, -1.0]


def test_hm_without_transactions_has_no_target_and_a_preview_reads_none(table, load):
    folder = table(ARTICLES, name="articles.csv").parent
    report = load(folder)
    assert report.catalog.target() is None
    table("not,the,columns\n1,2,3\n", name="transactions_train.csv")
    assert inspect_source(folder).rows == 4
    with pytest.raises(CatalogError, match="no column “t_dat”"):
        load(folder)


# --- styles.csv -------------------------------------------------------------------------------

STYLES = """\
id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName
1,Women,Apparel,Topwear,Tops,Red,Summer,2011,Casual,Top, red, with "bow"
2,Men,Apparel,Topwear,Shirts,NA,Fall,2012,,"Shirt, quoted"
3,Men,Apparel
"""


def test_styles_keeps_unquoted_commas_in_the_name(table, load, photo):
    folder = table(STYLES, name="styles.csv").parent
    photo("images/1.jpg")
    report = load(folder)
    assert report.format == "styles"
    frame = report.catalog.frame
    assert list(frame["productDisplayName"])[:2] == ['Top, red, with "bow"', "Shirt, quoted"]
    assert frame["baseColour"].isna().tolist() == [False, True, True]
    assert list(frame["year"])[:2] == [2011.0, 2012.0]
    assert report.photos == 1
    assert report.catalog.column(Role.CATEGORY) == "articleType"
    assert report.problems == {"photo not found": 2}


# --- VISUELLE ---------------------------------------------------------------------------------

WEEKS = ",".join(map(str, range(12)))
PRODUCTS = (
    f"{WEEKS},external_code,season,category,release_date,day,week,month,year,image_path,color,"
    "fabric,extra\n"
    + ",".join([str(2 / 1065)] * 12)
    + ",1,SS17,long sleeve,2016-12-01,0.5,0.9,1.0,0.9,PE17/00001.png,yellow,acrylic,hem\n"
    + ",".join([str(3 / 1065)] * 12)
    + ",2,SS17,culottes,2016-12-02,0.5,0.9,1.0,0.9,PE17/00002.png,blue,crepe,hem\n"
)
NEW = (
    "external_code,season,category,release_date,image_path,color,fabric,extra\n"
    "3,AW19,culottes,2019-10-01,AI19/00003.png,red,crepe,hem\n"
)
TRENDS = "date,long sleeve,culottes\n2015-10-05,55.0,-1.0\n2015-10-12,60,70\n"


def test_visuelle_sums_weeks_to_units_and_keeps_its_side_tables(table, load, photo):
    folder = table(PRODUCTS, name="train.csv").parent
    table(NEW, name="test.csv")
    table(TRENDS, name="gtrends.csv")
    photo("images/00001.webp")
    photo("images/AI19/00003.png")
    report = load(folder)
    catalog = report.catalog
    assert report.format == "visuelle"
    assert (report.read, report.items, report.photos) == (3, 3, 2)
    assert catalog.column(Role.TARGET) == "units_12w"
    assert catalog.target().fillna(-1).tolist() == [24.0, 36.0, -1.0]
    assert list(catalog.frame["split"]) == ["train", "train", "test"]
    assert list(catalog.frame["image_path"].fillna("")) == ["00001.webp", "", "AI19/00003.png"]
    series = catalog.series()
    assert len(series) == 24
    assert series.groupby("item")["value"].sum().tolist() == [24.0, 36.0]
    trends = catalog.trends()
    assert trends.to_numpy().tolist()[0][1:] == ["long sleeve", 55.0]
    assert len(trends) == 3, "-1 means no data"
    assert {"external_code", "day", "week", "month", "year", "split"} & set(catalog.roles) == {
        "external_code"
    }
    assert not set(map(str, range(12))) & set(catalog.frame.columns)


def test_visuelle_with_only_new_products_has_no_target(table, load):
    folder = table(NEW, name="test.csv").parent
    report = load(folder, format="visuelle")
    assert report.catalog.target() is None
    assert report.items == 1
    assert any("no images/ folder" in note for note in report.notes)
    assert not report.issues
