using System.Text;

namespace Nexa;

/// <param name="Term">The word as it stands in the text most often, in lower case.</param>
internal sealed record Term(string Name, int Count);

/// <summary>
/// What a text says about itself: sentences with their themes, terms by frequency, readability. Everything follows from the text alone,
/// so the same text always gives the same.
/// </summary>
internal sealed class TextAnalysis
{
    private static readonly HashSet<string> s_common = new(StringComparer.Ordinal)
    {
        "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "but", "by", "can", "could", "did", "do", "does", "due",
        "each", "every", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "many", "may", "might", "more", "most", "must",
        "need", "no", "not", "now", "of", "on", "one", "only", "or", "our", "out", "over", "she", "should", "since", "so", "some", "than", "that", "the", "their", "them", "then",
        "there", "these", "they", "this", "to", "too", "up", "us", "very", "was", "we", "were", "what", "when", "which", "while", "who", "will", "with", "would", "you", "your",
    };

    public TextAnalysis(string text)
    {
        Text = text;
        Sentences = [.. Split(text)];
        // Sorting is stable: of terms that stand equally often the one that comes first in the text leads.
        Terms = [.. Sentences.SelectMany(sentence => sentence.Words)
            .Where(IsTerm)
            .GroupBy(Stem, StringComparer.Ordinal)
            .Select(group => new Term(group.GroupBy(word => word, StringComparer.Ordinal).OrderByDescending(form => form.Count()).ThenBy(form => form.Key, StringComparer.Ordinal).First().Key, group.Count()))
            .OrderByDescending(term => term.Count)];
    }

    public string Text { get; }

    public IReadOnlyList<Sentence> Sentences { get; }

    /// <summary>Words that carry meaning, most frequent first; plurals and verb endings count together.</summary>
    public IReadOnlyList<Term> Terms { get; }

    public int WordCount => Sentences.Sum(sentence => sentence.Words.Count);

    /// <summary>Flesch's reading ease: about 100 is read by everybody, about 0 by specialists.</summary>
    public decimal ReadingEase
    {
        get
        {
            int words = WordCount;
            if (words == 0)
            {
                return 100m;
            }

            int syllables = Sentences.SelectMany(sentence => sentence.Words).Sum(Syllables);
            decimal ease = 206.835m - (1.015m * words / Sentences.Count) - (84.6m * syllables / words);
            return Math.Round(Math.Clamp(ease, 0m, 100m), 1, MidpointRounding.AwayFromZero);
        }
    }

    public IEnumerable<Sentence> About(Theme theme) => Sentences.Where(sentence => sentence.Is(theme));

    public IReadOnlyList<string> TopTerms(int count) => [.. Terms.Take(count).Select(term => term.Name)];

    /// <summary>The sentences that say most with the text's own main terms, in their order.</summary>
    public IReadOnlyList<Sentence> Summary(int count)
    {
        Dictionary<string, int> weights = Terms.Take(20).ToDictionary(term => Stem(term.Name), term => term.Count, StringComparer.Ordinal);
        return [.. Sentences
            .OrderByDescending(sentence => (decimal)sentence.Words.Sum(word => weights.GetValueOrDefault(Stem(word))) / (sentence.Words.Count + 5))
            .ThenBy(sentence => sentence.Index)
            .Take(count)
            .OrderBy(sentence => sentence.Index)];
    }

    /// <summary>Terms of one sentence, those of the whole text's ranking first.</summary>
    public IReadOnlyList<string> TermsOf(Sentence sentence, int count)
    {
        HashSet<string> stems = [.. sentence.Words.Where(IsTerm).Select(Stem)];
        return [.. Terms.Where(term => stems.Contains(Stem(term.Name))).Take(count).Select(term => term.Name)];
    }

    /// <summary>How often two of the leading terms stand in one sentence.</summary>
    public IReadOnlyList<(string First, string Second, int Count)> Links(int terms)
    {
        List<string> names = [.. Terms.Take(terms).Select(term => term.Name)];
        List<(string, string, int)> links = [];
        List<HashSet<string>> stems = [.. Sentences.Select(sentence => sentence.Words.Select(Stem).ToHashSet(StringComparer.Ordinal))];
        for (int i = 0; i < names.Count; i++)
        {
            for (int j = i + 1; j < names.Count; j++)
            {
                int count = stems.Count(words => words.Contains(Stem(names[i])) && words.Contains(Stem(names[j])));
                if (count > 0)
                {
                    links.Add((names[i], names[j], count));
                }
            }
        }

        return [.. links.OrderByDescending(link => link.Item3).ThenBy(link => link.Item1, StringComparer.Ordinal).ThenBy(link => link.Item2, StringComparer.Ordinal)];
    }

    private static bool IsTerm(string word) => word.Length > 2 && char.IsLetter(word[0]) && !s_common.Contains(word);

    private static IEnumerable<Sentence> Split(string text)
    {
        int index = 0;
        int paragraph = 0;
        foreach (string block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            foreach (string part in SentencesOf(block))
            {
                List<string> words = [.. WordsOf(part)];
                if (words.Count > 0)
                {
                    yield return new Sentence(index++, paragraph, part, words, Themes.Of(part, words));
                }
            }

            paragraph++;
        }
    }

    private static IEnumerable<string> SentencesOf(string block)
    {
        int start = 0;
        for (int i = 0; i < block.Length; i++)
        {
            bool isEnd = block[i] is '!' or '?' or '\n' || (block[i] == '.' && (i + 1 == block.Length || char.IsWhiteSpace(block[i + 1])));
            if (isEnd)
            {
                yield return block[start..(block[i] == '\n' ? i : i + 1)].Trim();
                start = i + 1;
            }
        }

        if (start < block.Length)
        {
            yield return block[start..].Trim();
        }
    }

    private static IEnumerable<string> WordsOf(string sentence)
    {
        StringBuilder word = new();
        foreach (char c in sentence)
        {
            if (char.IsLetterOrDigit(c) || (c is '\'' or '’' && word.Length > 0))
            {
                word.Append(c == '’' ? '\'' : char.ToLowerInvariant(c));
            }
            else if (word.Length > 0)
            {
                yield return word.ToString().TrimEnd('\'');
                word.Clear();
            }
        }

        if (word.Length > 0)
        {
            yield return word.ToString().TrimEnd('\'');
        }
    }

    private static string Stem(string word) => word switch
    {
        { Length: > 4 } when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
        { Length: > 5 } when word.EndsWith("ing", StringComparison.Ordinal) => word[..^3],
        { Length: > 4 } when word.EndsWith("ed", StringComparison.Ordinal) => word[..^2],
        { Length: > 3 } when word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) => word[..^1],
        _ => word,
    };

    private static int Syllables(string word)
    {
        int groups = 0;
        bool open = false;
        foreach (char c in word)
        {
            bool vowel = "aeiouy".Contains(c, StringComparison.Ordinal);
            groups += vowel && !open ? 1 : 0;
            open = vowel;
        }

        return Math.Max(1, word.EndsWith('e') && groups > 1 ? groups - 1 : groups);
    }
}
