namespace Weir.Chaos;

/// <summary>Seeds for what runs side by side, the same in every process: hash codes of .NET differ from run to run.</summary>
internal static class Seed
{
    public static int Of(int seed, int number, int lane) => unchecked((int)((((uint)seed * 2_654_435_761) + ((uint)number * 40_503) + (uint)lane) & int.MaxValue));
}
