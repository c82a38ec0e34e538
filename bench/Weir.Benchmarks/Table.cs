using System.Globalization;

namespace Weir.Benchmarks;

/// <summary>Ratios of what was measured side by side.</summary>
internal sealed class Table
{
    private readonly List<string> _lines = [];

    public static double Median(IReadOnlyCollection<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    public void Add(string work, string against, double rate, double other, string target, string format, string unit)
    {
        string ratio = (rate / other).ToString(format, CultureInfo.InvariantCulture) + unit;
        _lines.Add($"| {work,-52} | {against,-20} | {rate,9:N0} | {other,9:N0} | {ratio,8} | {target,7} |");
    }

    public void Print()
    {
        Console.WriteLine($"| {"work",-52} | {"against",-20} | {"Weir",9} | {"other",9} | {"ratio",8} | {"target",7} |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|");
        _lines.ForEach(Console.WriteLine);
    }
}
