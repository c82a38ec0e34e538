using System.Xml.Linq;

namespace Weir.Engine.Tests;

/// <summary>The faults that <c>tests/Mutants/run</c> plants: whoever changes a file that one of them stands in learns it at once.</summary>
public sealed class FaultsCanBePlanted
{
    [Fact(DisplayName = "The text in whose place each planted fault comes stands exactly once in its file")]
    public void EachCanBePlanted()
    {
        XElement[] faults = [.. XDocument.Load(Path.Combine(Repository.Root, "tests", "Mutants", "Mutants.targets")).Descendants("Fault")];
        Assert.NotEmpty(faults);
        Assert.All(faults, fault =>
        {
            string file = $"src/{fault.Attribute("Project")!.Value}/{fault.Attribute("File")!.Value}";
            int times = File.ReadAllText(Path.Combine(Repository.Root, file)).Split(fault.Element("Find")!.Value).Length - 1;
            Assert.True(times == 1, $"{fault.Attribute("Include")!.Value}: its text stands {times} times in {file}.");
        });
    }
}
