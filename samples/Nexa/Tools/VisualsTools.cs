using System.Globalization;
using System.Text;

namespace Nexa;

internal sealed record VisualPlan(IReadOnlyList<PlannedVisual> Visuals, IReadOnlyList<string> Palette);

/// <param name="Kind"><c>flow</c>, <c>chart</c>, <c>table</c>, <c>timeline</c>, <c>people</c> or <c>diagram</c>.</param>
internal sealed record PlannedVisual(int Number, string Kind, string Title, string Shows, IReadOnlyList<string> Labels);

internal sealed record Sketch(int Width, int Height, IReadOnlyList<SketchNode> Nodes, int Edges, string Svg);

internal sealed record SketchNode(string Name, int X, int Y, int Weight);

/// <summary>Visuals: which pictures a text needs, and a first sketch of how its terms hang together.</summary>
internal static class VisualsTools
{
    private const int Width = 640;
    private const int Height = 480;
    private const int MostNodes = 12;

    public static VisualPlan Plan(TextAnalysis text, ToolRequest request)
    {
        List<PlannedVisual> visuals = [];
        foreach (IGrouping<int, Sentence> paragraph in text.Sentences.GroupBy(sentence => sentence.Paragraph))
        {
            Theme themes = paragraph.Aggregate(Theme.None, (all, sentence) => all | sentence.Themes);
            List<string> labels = [.. paragraph.SelectMany(sentence => text.TermsOf(sentence, 4)).Distinct(StringComparer.Ordinal).Take(6)];
            visuals.Add(new PlannedVisual(
                visuals.Count + 1, KindOf(themes), labels.Count == 0 ? "Untitled" : CultureInfo.InvariantCulture.TextInfo.ToTitleCase(labels[0]), paragraph.First().Text, labels));
        }

        return new VisualPlan(visuals, [.. text.TopTerms(4).Select(ColourOf)]);
    }

    public static Sketch Draw(TextAnalysis text, ToolRequest request)
    {
        List<Term> terms = [.. text.Terms.Take(MostNodes)];
        List<SketchNode> nodes = [.. terms.Select((term, i) =>
        {
            // The main term stands in the middle, the others around it.
            double angle = i == 0 ? 0 : 2 * Math.PI * (i - 1) / Math.Max(1, terms.Count - 1);
            return new SketchNode(term.Name, (Width / 2) + (int)(i == 0 ? 0 : 240 * Math.Cos(angle)), (Height / 2) + (int)(i == 0 ? 0 : 170 * Math.Sin(angle)), term.Count);
        })];
        Dictionary<string, SketchNode> byName = nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        IReadOnlyList<(string First, string Second, int Count)> links = text.Links(MostNodes);
        StringBuilder svg = new($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\">");
        foreach ((string first, string second, int count) in links)
        {
            SketchNode a = byName[first];
            SketchNode b = byName[second];
            svg.Append($"<line x1=\"{a.X}\" y1=\"{a.Y}\" x2=\"{b.X}\" y2=\"{b.Y}\" stroke=\"#999\" stroke-width=\"{Math.Min(count, 6)}\"/>");
        }

        foreach (SketchNode node in nodes)
        {
            svg.Append($"<circle cx=\"{node.X}\" cy=\"{node.Y}\" r=\"{Math.Min(18 + (4 * node.Weight), 46)}\" fill=\"{ColourOf(node.Name)}\"/><text x=\"{node.X}\" y=\"{node.Y + 4}\">{System.Net.WebUtility.HtmlEncode(node.Name)}</text>");
        }

        return new Sketch(Width, Height, nodes, links.Count, svg.Append("</svg>").ToString());
    }

    private static string KindOf(Theme themes) => themes switch
    {
        _ when themes.HasFlag(Theme.Sequence) => "flow",
        _ when themes.HasFlag(Theme.Comparison) && themes.HasFlag(Theme.Measure) => "table",
        _ when themes.HasFlag(Theme.Measure) => "chart",
        _ when themes.HasFlag(Theme.Time) => "timeline",
        _ when themes.HasFlag(Theme.People) => "people",
        _ => "diagram",
    };

    /// <summary>A light colour of a term's own: the same in every picture.</summary>
    private static string ColourOf(string term)
    {
        int hue = term.Aggregate(17, (hash, c) => ((hash * 31) + c) % 360);
        return $"hsl({hue},60%,85%)";
    }
}
