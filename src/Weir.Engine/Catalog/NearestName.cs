namespace Weir.Engine;

/// <summary>Finds the name that a misspelt one most likely means.</summary>
public static class NearestName
{
    // Names are at most 100 characters; a longer text is no misspelling of one.
    private const int LongestCompared = 100;

    /// <summary>The nearest of <paramref name="names"/>, or null when none is near.</summary>
    public static string? Of(string text, IEnumerable<string> names)
    {
        if (text.Length is 0 or > LongestCompared)
        {
            return null;
        }

        string plain = Plain(text);
        int nearest = Math.Max(1, text.Length / 3) + 1;
        string? found = null;
        foreach (string name in names)
        {
            // default_plan means defaultPlan: separators and case are the commonest slips.
            int distance = Distance(plain, Plain(name));
            if (distance < nearest)
            {
                (nearest, found) = (distance, name);
            }
        }

        return found;
    }

    /// <summary>A sentence's end with the suggestion, or an empty text.</summary>
    public static string Suggestion(string text, IEnumerable<string> names) =>
        Of(text, names) is { } name ? $" (did you mean '{name}'?)" : "";

    private static string Plain(string text) =>
        text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>The least number of insertions, deletions, replacements and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        int[] beforeLast = new int[b.Length + 1];
        int[] last = new int[b.Length + 1];
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[b.Length];
    }
}
