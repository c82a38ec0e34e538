namespace Nexa;

/// <summary>What a sentence talks about, by the phrases in it.</summary>
[Flags]
internal enum Theme
{
    None = 0,
    Problem = 1,
    Cause = 2,
    Effect = 4,
    Solution = 8,
    Risk = 16,
    Measure = 32,
    People = 64,
    Time = 128,
    Sequence = 256,
    Comparison = 512,
}

/// <param name="Index">Its place in the text, from 0.</param>
/// <param name="Paragraph">The paragraph it stands in, from 0.</param>
internal sealed record Sentence(int Index, int Paragraph, string Text, IReadOnlyList<string> Words, Theme Themes)
{
    public bool Is(Theme theme) => Themes.HasFlag(theme);
}

/// <summary>The phrases by which a sentence is known. A phrase is one word or several, in lower case; a final * stands for any ending.</summary>
internal static class Themes
{
    private static readonly (Theme Theme, string[] Phrases)[] s_phrases =
    [
        (Theme.Problem, ["problem*", "issue*", "fail*", "error*", "broken", "slow*", "late", "delay*", "cannot", "can't", "unable", "missing", "lost", "lose*", "complain*", "wrong", "outage*", "bug*", "churn*", "too many", "too few", "not enough", "struggl*", "difficult*", "bottleneck*"]),
        (Theme.Cause, ["because", "due to", "caused by", "since", "as a result of", "owing to", "thanks to", "root cause*", "stems from", "reason*"]),
        (Theme.Effect, ["therefore", "so that", "as a result", "consequently", "leads to", "led to", "results in", "which means", "hence", "thus", "causing"]),
        (Theme.Solution, ["solution*", "solve*", "fix*", "should", "must", "need to", "propose*", "recommend*", "introduce*", "replace*", "automate*", "improve*", "add", "build", "migrate*", "could", "plan to", "we will"]),
        (Theme.Risk, ["risk*", "might", "unless", "depends on", "uncertain*", "threat*", "worst case", "assum*", "if not"]),
        (Theme.Measure, ["percent", "%", "rate", "average", "per", "cost*", "revenue", "target*", "metric*", "kpi*", "minutes", "hours", "users", "increase*", "decrease*", "reduce*"]),
        (Theme.People, ["team*", "customer*", "user*", "manager*", "engineer*", "client*", "staff", "support", "sales", "people", "we", "they", "owner*"]),
        (Theme.Time, ["today", "tomorrow", "yesterday", "week*", "month*", "quarter*", "year*", "deadline*", "monday", "tuesday", "wednesday", "thursday", "friday", "by end", "daily"]),
        (Theme.Sequence, ["first", "second", "then", "next", "finally", "after", "before", "step*", "once", "phase*"]),
        (Theme.Comparison, ["than", "versus", "vs", "compared", "while", "whereas", "more", "less", "better", "worse", "instead"]),
    ];

    public static Theme Of(string sentence, IReadOnlyList<string> words)
    {
        string joined = " " + string.Join(' ', words) + " ";
        Theme found = sentence.Contains('%', StringComparison.Ordinal) || words.Any(word => char.IsDigit(word[0])) ? Theme.Measure : Theme.None;
        foreach ((Theme theme, string[] phrases) in s_phrases)
        {
            if (phrases.Any(phrase => Has(joined, phrase)))
            {
                found |= theme;
            }
        }

        return found;
    }

    private static bool Has(string joined, string phrase) => phrase.EndsWith('*')
        ? joined.Contains(" " + phrase[..^1], StringComparison.Ordinal)
        : joined.Contains($" {phrase} ", StringComparison.Ordinal);
}
