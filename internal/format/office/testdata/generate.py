"""Write the files of clean/: pip install openpyxl python-docx xlsxwriter; python generate.py"""
import datetime, os
import docx, openpyxl, xlsxwriter
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
p = lambda name: os.path.join(here, name)
b = openpyxl.Workbook(); b.active.append(["a", 1, "=A1"]); b.active["B2"].hyperlink = "https://example.invalid/"; b.save(p("openpyxl.xlsx"))
x = xlsxwriter.Workbook(p("xlsxwriter.xlsx")); s = x.add_worksheet(); s.write(0, 0, "a"); c = x.add_chart({"type": "line"}); c.add_series({"values": "=Sheet1!$A$1:$A$3"}); s.insert_chart("C3", c)
x.set_properties({"created": datetime.datetime(2026, 1, 1)}); x.close()
d = docx.Document(); d.add_paragraph("A model card."); d.save(p("python_docx.docx"))
