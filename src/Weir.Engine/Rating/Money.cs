namespace Weir.Engine;

/// <summary>An exact amount of money in the catalog's currency. It is rounded only where it is shown.</summary>
public readonly record struct Money(decimal Amount)
{
    public static readonly Money Zero;

    public static Money operator +(Money left, Money right) => new(left.Amount + right.Amount);

    public static Money operator -(Money left, Money right) => new(left.Amount - right.Amount);
}

/// <summary>The price of one unit of a meter, with at most 12 decimal places. Only a quantity times a unit price is money.</summary>
public readonly record struct UnitPrice(decimal Amount)
{
    public const int LargestScale = 12;

    /// <summary>Money for an amount that is given in the meter's unit, not in its smallest unit.</summary>
    public Money For(decimal quantity) => new(quantity * Amount);
}
