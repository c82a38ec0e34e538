using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Nexa;

/// <param name="Mentioned">Terms of the text that goes with the image.</param>
internal sealed record ImageAnalysis(ImageFacts Image, IReadOnlyList<string> Mentioned, string Use);

internal sealed record Enhancement(string Text, IReadOnlyList<string> Changes, decimal EaseBefore, decimal EaseAfter);

internal sealed record SolutionStructure(string Title, IReadOnlyList<Section> Sections);

internal sealed record Section(string Heading, string Lead, IReadOnlyList<string> Points);

internal sealed record NodeStack(IReadOnlyList<StackLayer> Layers, IReadOnlyList<StackEdge> Edges);

internal sealed record StackLayer(string Name, IReadOnlyList<string> Nodes);

internal sealed record StackEdge(string From, string To, int Weight);

internal sealed record Formatted(string Markdown, int Headings, int Bullets, int Paragraphs);

internal sealed record HyperCanvas(int Columns, int Rows, IReadOnlyList<CanvasCell> Cells, decimal Coverage);

internal sealed record CanvasCell(string Title, int Column, int Row, int Width, IReadOnlyList<string> Entries);

/// <summary>Solutioning: from a text to something that can be worked with.</summary>
internal static partial class SolutioningTools
{
    private static readonly string[] s_fillers = ["basically ", "actually ", "really ", "very ", "quite ", "just ", "in order to ", "at this point in time ", "as a matter of fact "];

    private static readonly (string Title, Theme Theme, int Column, int Row, int Width)[] s_canvas =
    [
        ("Problem", Theme.Problem, 0, 0, 1), ("Causes", Theme.Cause, 1, 0, 1), ("Effects", Theme.Effect, 2, 0, 1), ("Solution", Theme.Solution, 0, 1, 2),
        ("People", Theme.People, 2, 1, 1), ("Measures", Theme.Measure, 0, 2, 1), ("Risks", Theme.Risk, 1, 2, 1), ("Time", Theme.Time, 2, 2, 1),
    ];

    public static ImageAnalysis AnalyseImage(TextAnalysis text, ToolRequest request)
    {
        ImageFacts image = ImageFile.Read(request.ReadImage())!;
        string use = image switch
        {
            { Megapixels: < 0.05m } => "an icon",
            { Megapixels: >= 2m, Orientation: "landscape" } => "a full-width picture",
            { Orientation: "portrait" } => "a side column",
            _ => "an inline figure",
        };
        return new ImageAnalysis(image, text.TopTerms(6), use);
    }

    /// <summary>Leaves fillers out, cuts long sentences at their joints, and says what it did.</summary>
    public static Enhancement Enhance(TextAnalysis text, ToolRequest request)
    {
        List<string> changes = [];
        List<string> sentences = [];
        foreach (Sentence sentence in text.Sentences)
        {
            string better = sentence.Text;
            foreach (string filler in s_fillers)
            {
                string without = better.Replace(" " + filler, filler.StartsWith("in order", StringComparison.Ordinal) ? " to " : " ", StringComparison.OrdinalIgnoreCase);
                if (without != better)
                {
                    changes.Add($"Sentence {sentence.Index + 1}: left out \"{filler.Trim()}\".");
                    better = without;
                }
            }

            string once = DoubledWord().Replace(better, "${word}");
            if (once != better)
            {
                changes.Add($"Sentence {sentence.Index + 1}: a word stood twice.");
                better = once;
            }

            int joint = sentence.Words.Count > 25 ? better.IndexOf(", and ", StringComparison.Ordinal) : -1;
            if (joint > 0)
            {
                changes.Add($"Sentence {sentence.Index + 1}: cut in two.");
                better = better[..joint] + ". " + Capital(better[(joint + ", and ".Length)..]);
            }

            sentences.Add(Capital(better));
        }

        string enhanced = string.Join(' ', sentences);
        return new Enhancement(enhanced, changes, text.ReadingEase, new TextAnalysis(enhanced).ReadingEase);
    }

    public static SolutionStructure Structure(TextAnalysis text, ToolRequest request) => new(
        Title(text.TopTerms(3)),
        [.. text.Sentences.GroupBy(sentence => sentence.Paragraph).Select(paragraph => new Section(
            Title([.. paragraph.SelectMany(sentence => text.TermsOf(sentence, 3)).GroupBy(term => term, StringComparer.Ordinal).OrderByDescending(term => term.Count()).Take(2).Select(term => term.Key)]),
            paragraph.First().Text,
            [.. paragraph.Skip(1).Select(sentence => sentence.Text)]))]);

    /// <summary>The leading terms in layers: those that sentences of a kind use most, and how they hang together.</summary>
    public static NodeStack Stack(TextAnalysis text, ToolRequest request)
    {
        (string Name, Theme Theme)[] kinds = [("needs", Theme.Problem), ("work", Theme.Solution), ("people", Theme.People), ("outcome", Theme.Measure | Theme.Effect)];
        HashSet<string> placed = new(StringComparer.Ordinal);
        List<StackLayer> layers = [];
        foreach ((string name, Theme theme) in kinds)
        {
            List<string> nodes = [.. text.Sentences.Where(sentence => (sentence.Themes & theme) != Theme.None).SelectMany(sentence => text.TermsOf(sentence, 3)).Distinct(StringComparer.Ordinal).Where(placed.Add).Take(5)];
            if (nodes.Count > 0)
            {
                layers.Add(new StackLayer(name, nodes));
            }
        }

        return new NodeStack(layers, [.. text.Links(12).Where(link => placed.Contains(link.First) && placed.Contains(link.Second)).Select(link => new StackEdge(link.First, link.Second, link.Count))]);
    }

    public static Formatted Format(TextAnalysis text, ToolRequest request)
    {
        StringBuilder markdown = new();
        int headings = 0;
        int bullets = 0;
        int paragraphs = 0;
        foreach (string block in text.Text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] lines = [.. block.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => Spaces().Replace(line, " "))];
            foreach (string line in lines)
            {
                if (Bullet().Match(line) is { Success: true } bullet)
                {
                    bullets++;
                    markdown.Append("- ").Append(Capital(bullet.Groups["item"].Value)).Append('\n');
                }
                else if (line.Length <= 60 && !line.EndsWith('.') && !line.EndsWith('?') && !line.EndsWith('!') && lines.Length > 1 && line == lines[0])
                {
                    headings++;
                    markdown.Append("## ").Append(Capital(line.TrimEnd(':'))).Append("\n\n");
                }
                else
                {
                    paragraphs++;
                    markdown.Append(Capital(line)).Append('\n');
                }
            }

            markdown.Append('\n');
        }

        return new Formatted(markdown.ToString().TrimEnd() + "\n", headings, bullets, paragraphs);
    }

    public static HyperCanvas Canvas(TextAnalysis text, ToolRequest request)
    {
        List<CanvasCell> cells = [.. s_canvas.Select(cell => new CanvasCell(cell.Title, cell.Column, cell.Row, cell.Width, [.. text.About(cell.Theme).Select(sentence => sentence.Text).Take(5)]))];
        return new HyperCanvas(3, 3, cells, Math.Round((decimal)cells.Count(cell => cell.Entries.Count > 0) / cells.Count, 2));
    }

    private static string Title(IReadOnlyList<string> terms) =>
        terms.Count == 0 ? "Untitled" : CultureInfo.InvariantCulture.TextInfo.ToTitleCase(string.Join(" and ", terms.Take(2)));

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    [GeneratedRegex(@"\b(?<word>\w+) \k<word>\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DoubledWord();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^([-*•]|\d+[.)])\s+(?<item>.+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Bullet();
}
