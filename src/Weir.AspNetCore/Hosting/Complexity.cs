using System.Globalization;
using System.Text;

namespace Weir.AspNetCore;

/// <summary>
/// An estimate of how much work a text is, from 1.0 (trivial) to 3.0 (long, dense and technical), to one decimal place. It is
/// deterministic: the same text gives the same figure on every machine.
/// </summary>
/// <remarks>
/// Three parts, each from 0 to 1, weighted and added: how long it is (half; full at 400 words), how long its sentences are (three
/// tenths; none up to 8 words in the mean, full from 30), and how many of its words have seven letters or more (two tenths; none up to a
/// tenth of them, full from four tenths). The figure is 1 + 2 × their sum. Each ideograph counts as a word.
/// </remarks>
public static class Complexity
{
    public const decimal Lowest = 1.0m;

    public const decimal Highest = 3.0m;

    private const decimal WordsOfALongText = 400m;
    private const int LettersOfALongWord = 7;

    public static decimal OfText(string? text)
    {
        (int words, int longWords, int sentences) = Count(text ?? "");
        if (words == 0)
        {
            return Lowest;
        }

        decimal length = Part(words, 0m, WordsOfALongText);
        decimal density = Part((decimal)words / Math.Max(1, sentences), 8m, 30m);
        decimal vocabulary = Part((decimal)longWords / words, 0.1m, 0.4m);
        decimal sum = (0.5m * length) + (0.3m * density) + (0.2m * vocabulary);
        return Math.Round(Lowest + ((Highest - Lowest) * sum), 1, MidpointRounding.AwayFromZero);
    }

    /// <summary>How far a value lies from the one to the other, 0 to 1.</summary>
    private static decimal Part(decimal value, decimal from, decimal to) => Math.Clamp((value - from) / (to - from), 0m, 1m);

    private static (int Words, int LongWords, int Sentences) Count(string text)
    {
        int words = 0;
        int longWords = 0;
        int sentences = 0;
        int letters = 0;
        bool open = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isIdeograph = rune.Value is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x9FFF) or (>= 0x20000 and <= 0x3FFFF);
            bool isLetter = !isIdeograph && (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);
            if (isLetter)
            {
                letters++;
                continue;
            }

            // The apostrophe of "don't" does not end a word.
            if (letters > 0 && rune.Value is '\'' or '’')
            {
                continue;
            }

            EndWord();
            if (isIdeograph)
            {
                words++;
                open = true;
            }
            else if (rune.Value is '.' or '!' or '?' or '\n' or '。' or '！' or '？' && open)
            {
                sentences++;
                open = false;
            }
        }

        EndWord();
        return (words, longWords, open ? sentences + 1 : sentences);

        void EndWord()
        {
            if (letters > 0)
            {
                words++;
                longWords += letters >= LettersOfALongWord ? 1 : 0;
                open = true;
                letters = 0;
            }
        }
    }
}
