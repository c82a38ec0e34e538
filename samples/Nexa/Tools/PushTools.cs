namespace Nexa;

internal sealed record VisualsDraft(IReadOnlyList<VisualCard> Cards, int Flows);

internal sealed record VisualCard(string Id, string Label, string Role, IReadOnlyList<string> LinksTo);

internal sealed record SolutionDraft(IReadOnlyList<SolutionComponent> Components);

internal sealed record SolutionComponent(string Name, string Purpose, IReadOnlyList<string> Uses);

internal sealed record StatementOfWork(string Subject, IReadOnlyList<string> Scope, IReadOnlyList<string> Deliverables, IReadOnlyList<string> Assumptions, IReadOnlyList<string> Milestones);

internal sealed record LevelOfEffort(IReadOnlyList<EffortLine> Lines, decimal TotalHours, decimal Days);

/// <param name="Size"><c>S</c>, <c>M</c>, <c>L</c> or <c>XL</c>.</param>
internal sealed record EffortLine(string Task, string Size, decimal Hours);

/// <summary>Data push: what one stage has worked out, in the form in which the next begins.</summary>
internal static class PushTools
{
    private const decimal HoursOfADay = 6m;

    public static VisualsDraft ToVisuals(TextAnalysis text, ToolRequest request)
    {
        List<Sentence> kept = [.. text.Sentences.Where(sentence => (sentence.Themes & (Theme.Problem | Theme.Cause | Theme.Effect | Theme.Solution)) != Theme.None)];
        List<VisualCard> cards = [.. kept.Select((sentence, i) => new VisualCard(
            $"v{i + 1}", string.Join(' ', text.TermsOf(sentence, 3)), RoleOf(sentence), i + 1 < kept.Count && kept[i + 1].Paragraph == sentence.Paragraph ? [$"v{i + 2}"] : []))];
        return new VisualsDraft(cards, cards.Count(card => card.LinksTo.Count == 0));
    }

    public static SolutionDraft ToSolutioning(TextAnalysis text, ToolRequest request)
    {
        IReadOnlyList<(string First, string Second, int Count)> links = text.Links(8);
        return new SolutionDraft([.. text.TopTerms(8).Select(term => new SolutionComponent(
            term,
            text.Sentences.First(sentence => text.TermsOf(sentence, int.MaxValue).Contains(term)).Text,
            [.. links.Where(link => link.First == term || link.Second == term).Select(link => link.First == term ? link.Second : link.First).Take(3)]))]);
    }

    public static StatementOfWork ToStatementOfWork(TextAnalysis text, ToolRequest request) => new(
        string.Join(", ", text.TopTerms(3)),
        [.. text.About(Theme.Problem).Select(sentence => sentence.Text)],
        [.. text.About(Theme.Solution).Select((sentence, i) => $"D{i + 1}: {sentence.Text}")],
        [.. text.About(Theme.Risk).Select(sentence => sentence.Text)],
        [.. text.About(Theme.Time).Select(sentence => sentence.Text)]);

    /// <summary>Hours by how much a task's sentence asks for: its length, and doubled where it is uncertain.</summary>
    public static LevelOfEffort ToLevelOfEffort(TextAnalysis text, ToolRequest request)
    {
        List<Sentence> tasks = [.. text.About(Theme.Solution)];
        if (tasks.Count == 0)
        {
            tasks = [.. text.Sentences];
        }

        List<EffortLine> lines = [.. tasks.Select(task =>
        {
            decimal hours = task.Words.Count switch
            {
                <= 8 => 4m,
                <= 16 => 12m,
                <= 28 => 30m,
                _ => 60m,
            };
            hours *= task.Is(Theme.Risk) ? 2 : 1;
            return new EffortLine(task.Text, hours <= 4 ? "S" : hours <= 12 ? "M" : hours <= 30 ? "L" : "XL", hours);
        })];
        decimal total = lines.Sum(line => line.Hours);
        return new LevelOfEffort(lines, total, Math.Round(total / HoursOfADay, 1, MidpointRounding.AwayFromZero));
    }

    private static string RoleOf(Sentence sentence) => sentence switch
    {
        _ when sentence.Is(Theme.Solution) => "solution",
        _ when sentence.Is(Theme.Cause) => "cause",
        _ when sentence.Is(Theme.Effect) => "effect",
        _ => "problem",
    };
}
