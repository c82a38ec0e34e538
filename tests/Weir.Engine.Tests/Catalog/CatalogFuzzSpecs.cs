using System.Text;

namespace Weir.Engine.Tests;

public sealed class CatalogFuzzSpecs
{
    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ":", ",", "-", "\"", "'", "\n", "  ", "\t", "&a", "*a", "!!x", "<<", "---", "...", "|", ">", "#", "?", "%YAML 1.2\n", "null",
        "true", "-1", "1e99", "0x1", "\\", "\\ud800", "limit", "per", "credits", "free", "é", "🎉", "\u0000", "\uD800", "\u2028", "99999999999999999999999999999999",
    ];

    [Theory(DisplayName = "CAT-1: a mutated catalog gives a catalog or errors with places, never an exception")]
    [InlineData(CatalogFormat.Yaml, 1_500)]
    [InlineData(CatalogFormat.Json, 3_000)]
    public void Mutations(CatalogFormat format, int rounds)
    {
        string valid = CatalogText.Write(CatalogText.Parse(CatalogFiles.Text("nexa"), CatalogFormat.Yaml).Root!, format);
        string original = format == CatalogFormat.Yaml ? CatalogFiles.Text("nexa") : valid;
        for (int seed = 0; seed < rounds; seed++)
        {
            string text = Mutated(seed % 2 == 0 ? original : valid, new Random(seed));
            Check(CatalogText.Read(text, format), text, seed);
        }
    }

    [Theory(DisplayName = "CAT-1: mutated bytes give a catalog or errors with places, never an exception")]
    [InlineData(CatalogFormat.Yaml, 500)]
    [InlineData(CatalogFormat.Json, 500)]
    public void Mutated_bytes(CatalogFormat format, int rounds)
    {
        byte[] original = Encoding.UTF8.GetBytes(CatalogText.Write(CatalogText.Parse(CatalogFiles.Text("creative-ai"), CatalogFormat.Yaml).Root!, format));
        for (int seed = 0; seed < rounds; seed++)
        {
            Random random = new(seed);
            byte[] bytes = [.. original];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Check(CatalogText.Read(bytes, format), Encoding.UTF8.GetString(bytes), seed);
        }
    }

    private static void Check(CatalogResult result, string text, int seed)
    {
        Assert.True(result.IsValid == result.Errors.IsEmpty, $"seed {seed}");
        int lines = text.Count(c => c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029') + 1;
        foreach (CatalogError error in result.Errors)
        {
            Assert.True(error.Position.Line >= 1 && error.Position.Line <= lines + 1 && error.Position.Column >= 1, $"seed {seed}: {error}");
            Assert.True(error.Message.EndsWith('.'), $"seed {seed}: {error}");
            Assert.True(error.Message.Length < 2_000, $"seed {seed}: {error}");
        }
    }

    private static string Mutated(string text, Random random)
    {
        StringBuilder mutated = new(text);
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int at = random.Next(mutated.Length);
            int length = Math.Min(random.Next(1, 40), mutated.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    mutated.Remove(at, length);
                    break;
                case 1:
                    mutated.Insert(at, s_pieces[random.Next(s_pieces.Length)]);
                    break;
                case 2:
                    mutated.Insert(random.Next(mutated.Length), mutated.ToString(at, length));
                    break;
                case 3:
                    mutated[at] = (char)random.Next(32, 127);
                    break;
                default:
                    mutated.Remove(at, length).Insert(at, s_pieces[random.Next(s_pieces.Length)]);
                    break;
            }
        }

        return mutated.ToString();
    }
}
