"""What a file is found to be: encoding, app, language, units, dates, decimal marks."""

import codecs
import gzip

import pytest

from services.workouts.imports.reading import Unreadable, recognise
from tests.rules.workouts.imports.files import (
    GERMAN,
    HEVY,
    STRONG,
    STRONG_2019,
    STRONG_UNITS,
    STRONG_WORKOUT_NUMBER,
    opened,
)

ROW = '2025-03-01 10:00:00,"Push",1h,"Bench Press (Barbell)",1,80,5,0,0,,,'


def recognised(*lines, encoding="utf-8", header=STRONG):
    return recognise(opened(header, *lines, encoding=encoding)).described()


def refused(content):
    with pytest.raises(Unreadable) as caught:
        recognise(opened(content))
    return caught.value.finding


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_an_encoding_is_recognised(encoding):
    found = recognised(ROW.replace("Push", "Drücken – schön"), encoding=encoding)
    assert found["encoding"] == ("utf-16" if encoding == "utf-16" else encoding)
    assert found["source"] == "strong"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Жим лежа", "cp1251"),
        ("Πιέσεις πάγκου", "cp1253"),
        ("ベンチプレス", "shift_jis"),
        ("leżąc", "cp1250"),
    ],
)
def test_other_encodings_are_refused_with_the_line(text, encoding):
    finding = refused(f"{STRONG}\n{ROW}\n{ROW.replace('Push', text)}\n".encode(encoding))
    assert (finding.line, finding.constraint) == (3, "encoding")


def test_broken_utf_8_is_refused_with_the_line():
    content = f"{STRONG}\n{ROW.replace('Push', 'Drücken')}\n".encode() + b"2025,\xff\xfe\n"
    assert (refused(content).line, refused(content).constraint) == (3, "encoding")


def test_archives_and_what_is_no_text_are_refused():
    assert "zip" in refused(b"PK\x03\x04 and so on").message
    assert "gzip" in refused(gzip.compress(STRONG.encode())).message
    assert refused(f"{STRONG}\n".encode() + b"\x00\x01\x02\n").constraint == "text"


@pytest.mark.parametrize("content", [b"", b"\n\n", codecs.BOM_UTF8])
def test_an_empty_file_is_refused(content):
    assert refused(content).message == "The file is empty"


@pytest.mark.parametrize("content", [b";;;\n", b'""', b",;" * 10_000, b"a" * 200_000, b'"' * 3])
def test_a_first_line_that_is_no_header_is_refused(content):
    assert refused(content).constraint in ("columns", "quotes")


def test_a_header_alone_is_refused():
    assert refused(STRONG.encode()).message == "There is nothing below the header"


def test_another_table_is_refused_with_what_was_looked_for_and_found():
    finding = refused(b"Day,Food,Calories\n2025-03-01,Rice,300\n")
    assert "Exercise Name" in finding.message
    assert "Day, Food, Calories" in finding.message


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_line():
    unclosed = f'{ROW[:-2]}"never closed'
    finding = refused(f"{STRONG}\n{ROW}\n{unclosed}\n{ROW}\n".encode())
    assert (finding.line, finding.constraint) == (3, "quotes")


def test_excel_may_say_the_delimiter():
    lines = (line.replace(",", ";") for line in (STRONG, ROW))
    assert recognised(*lines, header="sep=;")["delimiter"] == ";"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (STRONG, {"source": "strong", "delimiter": ",", "language": "en", "weight_unit": None}),
        (GERMAN, {"source": "strong", "delimiter": ",", "language": "de", "weight_unit": None}),
    ],
)
def test_strong_is_recognised_in_each_language(header, expected):
    found = recognised(ROW, header=header)
    assert {name: found[name] for name in expected} == expected


CHINESE = "日期,锻炼名称,运动名称,设置顺序,重量,次,距离,秒,备注,锻炼备注"
OLD_ROW = '2019-03-01 10:00:00,"Push","Bench Press (Barbell)",1,80,5,0,0,"",""'


def test_strong_of_2019_is_recognised_in_chinese():
    found = recognise(opened(CHINESE, OLD_ROW))
    assert (found.layout.source, found.layout.language) == ("strong", "zh")
    assert found.layout.columns == recognise(opened(STRONG_2019, OLD_ROW)).layout.columns


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_places_tell_what_the_columns_of_an_old_layout_are(left_out):
    header = "Pvm,Treeni,Liike,Nro,Paino,Toistot,Matka,Sekunnit,Muistiinpanot,Treenin muistiinpanot"
    lines = [line.rsplit(",", left_out)[0] for line in (header, OLD_ROW, STRONG_2019)]
    layout = recognise(opened(*lines[:2])).layout
    assert layout.language is None
    assert layout.columns == recognise(opened(lines[2], lines[1])).layout.columns


def test_a_language_that_is_not_known_is_recognised_by_its_places():
    header = (
        "Päiväys,Treenin nimi,Kesto,Liikkeen nimi,Järjestys,Paino,Toistot,Matka,Sekunnit,"
        "Muistiinpanot,Treenin muistiinpanot,RPE"
    )
    found = recognised(ROW, header=header)
    assert (found["source"], found["language"]) == ("strong", None)


@pytest.mark.parametrize(
    "names",
    [
        "Fecha,Entreno,Duración,Nombre del ejercicio,Orden de la serie,Carga,Reps,Distancia,"
        "Segundos,Notas,Apuntes,RPE",
        "Datum,Naam workout,Duur,Naam oefening,Setvolgorde,Gewicht,Herh.,Afstand,Sec.,Notities,"
        "Workoutnotities,RPE",
    ],
)
def test_where_a_name_is_not_known_places_tell_what_the_column_is(names):
    layout = recognise(opened(names, ROW)).layout
    assert (layout.source, layout.columns, layout.left_out) == (
        "strong",
        recognise(opened(STRONG, ROW)).layout.columns,
        (),
    )


@pytest.mark.parametrize("missing", ["Weight", "Reps", "Set Order"])
def test_strong_without_a_column_of_its_sets_is_refused(missing):
    header = STRONG.replace(missing, "Calories") + ",Mine"
    assert refused(f"{header}\n{ROW},\n".encode()).constraint == "columns"


def test_a_table_whose_values_do_not_fit_the_places_is_refused():
    header = "a,b,c,d,e,f,g,h,i,j,k,l"
    row = ROW.replace(",80,", ",heavy,")
    assert refused(f"{header}\n{row}\n".encode()).constraint == "columns"


def test_units_of_the_header_are_recognised():
    row = '"1";"2025-03-01 10:00:00";"Push";"3600";"Squat";"1";"80";"5";"";"";"";"";""'
    found = recognised(row, header=STRONG_WORKOUT_NUMBER)
    assert (found["weight_unit"], found["distance_unit"]) == ("kg", "m")
    hevy = '"Push","30 Jun 2025, 19:56","30 Jun 2025, 20:58","","Squat",,"",0,"normal",60,5,,,'
    miles = HEVY.replace("weight_kg", "weight_lbs").replace("_km", "_miles")
    found = recognised(hevy, header=miles)
    assert (found["source"], found["weight_unit"], found["distance_unit"]) == ("hevy", "lb", "mi")


@pytest.mark.parametrize(
    ("row", "needs"),
    [
        (ROW, ("weight_unit",)),
        (ROW.replace(",80,", ",0,"), ()),
        (ROW.replace(",80,", ",NaN,"), ()),
        (ROW.replace(",5,0,0,", ",5,2.5,0,"), ("distance_unit", "weight_unit")),
    ],
)
def test_a_unit_is_needed_if_there_is_a_value_without_one(row, needs):
    assert recognise(opened(STRONG, row)).needs == needs


def test_a_column_of_units_is_enough():
    row = '2025-03-01 10:00:00;"Push";"Squat";1;80;kg;5;;2;km;0;;;1h'
    assert recognise(opened(STRONG_UNITS, row)).needs == ()


def test_decimal_commas_are_recognised():
    row = '2025-03-01 10:00:00;"Push";"Squat";1;80;kg;5;;;;0;;;1h'
    found = recognised(row, row.replace(";80;", ";102,5;"), header=STRONG_UNITS)
    assert found["decimal_mark"] == ","


@pytest.mark.parametrize(
    ("numbers", "header", "mark"),
    [
        (['"1,500"'], STRONG, "."),
        (['"1,500"', "1.5"], GERMAN, "."),
        (['"1,500"', '"1,5"'], STRONG, ","),
        (['"1,500"', '"0,500"'], STRONG, ","),
        (["1.500", '"1,5"'], STRONG, ","),
        (["1.500", "0.500"], GERMAN, "."),
        (['"1,500.5"'], GERMAN, "."),
        (["1.500.000"], STRONG, ","),
        (['"1,500,000"'], GERMAN, "."),
        (['"1 250,500"'], STRONG, ","),
        (['"1,500"'], GERMAN, ","),
        (["1.500"], GERMAN, "."),
        (["1.500", '"1,500"'], GERMAN, ","),
        (["80"], GERMAN, "."),
    ],
)
def test_a_mark_before_three_digits_tells_nothing(numbers, header, mark):
    rows = [ROW.replace(",80,", f",{number},") for number in numbers]
    assert recognised(*rows, header=header)["decimal_mark"] == mark
