namespace Nexa;

internal sealed record Diagnosis(
    string Summary, IReadOnlyList<string> Problems, IReadOnlyList<string> Causes, IReadOnlyList<string> Effects, IReadOnlyList<string> KeyTerms,
    string Severity, decimal ReadingEase, string? Echo, IReadOnlyList<TraceStep>? Traceback);

/// <summary>One step from an effect back to its cause.</summary>
internal sealed record TraceStep(int Sentence, string Effect, string Cause);

internal sealed record SolutionProposal(string Goal, IReadOnlyList<SolutionStep> Steps, IReadOnlyList<string> OpenQuestions, string? Echo, IReadOnlyList<TraceStep>? Traceback);

/// <param name="FromText">Whether the text itself proposes it.</param>
internal sealed record SolutionStep(int Number, string Action, string Addresses, bool FromText);

/// <summary>Structuring: what is wrong, and what could be done.</summary>
internal static class StructuringTools
{
    private static readonly (string Mark, bool CauseFollows)[] s_joints =
    [
        (" because ", true), (" due to ", true), (" caused by ", true), (" owing to ", true), (" since ", true),
        (" therefore ", false), (" leads to ", false), (" led to ", false), (" results in ", false), (", so ", false), (", causing ", false),
    ];

    public static Diagnosis Diagnose(TextAnalysis text, ToolRequest request)
    {
        List<string> problems = [.. text.About(Theme.Problem).Select(sentence => sentence.Text)];
        List<string> causes = [.. Traces(text).Select(step => step.Cause).Concat(text.About(Theme.Cause).Where(sentence => Split(sentence) is null).Select(sentence => sentence.Text)).Distinct(StringComparer.Ordinal)];
        decimal share = text.Sentences.Count == 0 ? 0 : (decimal)problems.Count / text.Sentences.Count;
        return new Diagnosis(
            string.Join(' ', text.Summary(2).Select(sentence => sentence.Text)), problems, causes,
            [.. text.About(Theme.Effect).Select(sentence => sentence.Text)], text.TopTerms(8),
            share >= 0.5m ? "high" : share >= 0.2m ? "medium" : "low", text.ReadingEase,
            request.Echo ? Echo(text) : null, request.Traceback ? [.. Traces(text)] : null);
    }

    public static SolutionProposal GenerateSolution(TextAnalysis text, ToolRequest request)
    {
        List<SolutionStep> steps = [];
        foreach (Sentence sentence in text.About(Theme.Solution))
        {
            Sentence? problem = text.About(Theme.Problem).Where(p => p != sentence).MinBy(p => (Math.Abs(p.Index - sentence.Index), p.Index));
            steps.Add(new SolutionStep(steps.Count + 1, sentence.Text, problem is null ? "the whole" : string.Join(", ", text.TermsOf(problem, 3)), true));
        }

        HashSet<string> addressed = [.. steps.Select(step => step.Addresses)];
        foreach (Sentence problem in text.About(Theme.Problem).Where(sentence => !sentence.Is(Theme.Solution)))
        {
            string terms = string.Join(", ", text.TermsOf(problem, 3));
            if (terms.Length > 0 && addressed.Add(terms))
            {
                string? cause = Split(problem)?.Cause;
                steps.Add(new SolutionStep(steps.Count + 1, cause is null ? $"Find out what stands behind {terms}, then remove it." : $"Remove the cause: {Trimmed(cause)}.", terms, false));
            }
        }

        return new SolutionProposal(
            text.Summary(1) is [var main] ? main.Text : "", steps, [.. text.About(Theme.Risk).Select(sentence => sentence.Text)],
            request.Echo ? Echo(text) : null, request.Traceback ? [.. Traces(text)] : null);
    }

    /// <summary>The matter in one line, in the text's own main words.</summary>
    private static string Echo(TextAnalysis text)
    {
        int problems = text.About(Theme.Problem).Count();
        return $"You describe {problems} {(problems == 1 ? "problem" : "problems")} around {string.Join(", ", text.TopTerms(3))}.";
    }

    private static IEnumerable<TraceStep> Traces(TextAnalysis text) => text.Sentences
        .Select(sentence => Split(sentence) is var (effect, cause) ? new TraceStep(sentence.Index, effect, cause) : null)
        .OfType<TraceStep>();

    private static (string Effect, string Cause)? Split(Sentence sentence)
    {
        foreach ((string mark, bool causeFollows) in s_joints)
        {
            int at = sentence.Text.IndexOf(mark, StringComparison.OrdinalIgnoreCase);
            if (at > 0)
            {
                string before = Trimmed(sentence.Text[..at]);
                string after = Trimmed(sentence.Text[(at + mark.Length)..]);
                return causeFollows ? (before, after) : (after, before);
            }
        }

        return null;
    }

    private static string Trimmed(string part) => part.Trim(' ', '.', ',', ';', '!', '?', '\n');
}
