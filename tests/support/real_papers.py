"""Papers as a secretary uploads them: a long Vietnamese PDF and a DOCX, made afresh."""

from __future__ import annotations

import io
from pathlib import Path

import docx
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

_FONT = Path(__file__).parents[2] / "server" / "fonts" / "Tinos-Regular.ttf"

_SENTENCES = (
    "Tổng sản phẩm trên địa bàn tăng 8,27% so với cùng kỳ; thu ngân sách đạt 61,3% dự toán.",
    "Khu vực công nghiệp - xây dựng tiếp tục là động lực; giải ngân vốn đầu tư công đạt 54,9%.",
    "Nông nghiệp phát triển ổn định, diện tích lúa gieo cấy vượt kế hoạch, dịch bệnh được kiểm soát.",
    "Ủy ban nhân dân các xã, phường tập trung tháo gỡ khó khăn trong vận hành chính quyền hai cấp.",
    "Đề nghị các đồng chí cho ý kiến về chỉ tiêu, nhiệm vụ và giải pháp những tháng cuối năm.",
)


def vietnamese_pdf(pages: int = 30, title: str = "BÁO CÁO TÌNH HÌNH KINH TẾ - XÃ HỘI") -> bytes:
    """A text PDF of that many pages; each says which it is, large."""
    if "PaperFont" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("PaperFont", str(_FONT)))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, initialFontName="PaperFont")
    for page in range(1, pages + 1):
        canvas.setFont("PaperFont", 15)
        canvas.drawCentredString(105 * mm, 270 * mm, title)
        canvas.setFont("PaperFont", 34)
        canvas.drawCentredString(105 * mm, 245 * mm, f"Trang {page}")
        canvas.setFont("PaperFont", 12)
        for line in range(28):
            sentence = _SENTENCES[(line + page) % len(_SENTENCES)]
            canvas.drawString(25 * mm, (225 - 7 * line) * mm, f"{line + 1}. {sentence}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def vietnamese_docx() -> bytes:
    document = docx.Document()
    document.add_heading("TỜ TRÌNH về kế hoạch phát triển năm 2027", 1)
    for n in range(40):
        document.add_paragraph(f"{n + 1}. {_SENTENCES[n % len(_SENTENCES)]}")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
