using System.Text;

namespace Nexa;

/// <summary>Writes plain text as a PDF: A4, Helvetica, one column. Characters outside Latin-1 become question marks.</summary>
internal static class PdfDocument
{
    private const int LineLength = 90;
    private const int LinesOfAPage = 52;

    public static byte[] Write(string title, string text)
    {
        List<string> lines = [.. Wrap(text)];
        List<string[]> pages = [.. lines.Chunk(LinesOfAPage)];
        if (pages.Count == 0)
        {
            pages.Add([]);
        }

        MemoryStream file = new();
        List<long> offsets = [];
        void Raw(string part) => file.Write(Encoding.Latin1.GetBytes(part));
        void Object(int number, string body)
        {
            offsets.Add(file.Position);
            Raw($"{number} 0 obj\n{body}\nendobj\n");
        }

        Raw("%PDF-1.4\n");
        Object(1, "<< /Type /Catalog /Pages 2 0 R >>");
        Object(2, $"<< /Type /Pages /Count {pages.Count} /Kids [{string.Join(' ', pages.Select((_, i) => $"{4 + (2 * i)} 0 R"))}] >>");
        Object(3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
        for (int i = 0; i < pages.Count; i++)
        {
            Object(4 + (2 * i), $"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + (2 * i)} 0 R >>");
            StringBuilder content = new("BT /F1 16 Tf 50 790 Td (" + Escape(i == 0 ? title : "") + ") Tj /F1 10 Tf 0 -28 Td 14 TL\n");
            foreach (string line in pages[i])
            {
                content.Append('(').Append(Escape(line)).Append(") Tj T*\n");
            }

            content.Append("ET");
            Object(5 + (2 * i), $"<< /Length {Encoding.Latin1.GetByteCount(content.ToString())} >>\nstream\n{content}\nendstream");
        }

        long table = file.Position;
        Raw($"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n");
        foreach (long offset in offsets)
        {
            Raw($"{offset:D10} 00000 n \n");
        }

        Raw($"trailer\n<< /Size {offsets.Count + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
        return file.ToArray();
    }

    private static IEnumerable<string> Wrap(string text)
    {
        foreach (string paragraph in text.ReplaceLineEndings("\n").Split('\n'))
        {
            string rest = paragraph;
            while (rest.Length > LineLength)
            {
                int space = rest.LastIndexOf(' ', LineLength);
                int end = space <= 0 ? LineLength : space;
                yield return rest[..end];
                rest = rest[end..].TrimStart();
            }

            yield return rest;
        }
    }

    private static string Escape(string text) => string.Concat(text.Select(c => c switch
    {
        '(' or ')' or '\\' => "\\" + c,
        < ' ' => " ",
        > 'ÿ' => "?",
        _ => c.ToString(),
    }));
}
